// The sandbox's Pricing API for messages (v1): countries in pages, and each country's prices by carrier and kind of sending number.
//
// The real API answers with decimal strings, sometimes with more than six decimals, and has countries without any price: so does this one.

import { sendJson } from './net.mjs'
import { errorBody } from './twilio_codes.mjs'

// country: [name, highest price, …of its other carriers]
const COUNTRIES = {
  AT: ['Austria', '0.0958', '0.0849'],
  AU: ['Australia', '0.0515'],
  BE: ['Belgium', '0.1100', '0.0912'],
  BR: ['Brazil', '0.0599', '0.0465'],
  CA: ['Canada', '0.0079', '0.0075'],
  CH: ['Switzerland', '0.0751', '0.0725'],
  CU: ['Cuba'],
  DE: ['Germany', '0.0972', '0.0875'],
  DK: ['Denmark', '0.0549'],
  ES: ['Spain', '0.0729', '0.0682'],
  FR: ['France', '0.0798'],
  GB: ['United Kingdom', '0.0524', '0.0463'],
  IN: ['India', '0.0832', '0.00215'],
  IT: ['Italy', '0.0927'],
  JP: ['Japan', '0.08475001', '0.0745'],
  MX: ['Mexico', '0.0672'],
  NL: ['Netherlands', '0.1086'],
  PL: ['Poland', '0.0427'],
  US: ['United States', '0.0083', '0.0079'],
  ZA: ['South Africa', '0.0355'],
}

/** Answers GET /v1/Messaging/Countries and /v1/Messaging/Countries/{country}. twilio.currency: another than USD, when a test wants that. */
export function servePrices(twilio, incoming, response, url) {
  const [, country] = url.pathname.match(/^\/v1\/Messaging\/Countries(?:\/([^/]+))?$/) ?? []
  const base = `${incoming.socket.encrypted ? 'https' : 'http'}://${incoming.headers.host}/v1/Messaging/Countries`
  if (incoming.method !== 'GET') return sendJson(response, 405, errorBody(20004, 405, 'Method not allowed'))
  if (country === undefined) return sendJson(response, 200, page(base, url.searchParams))
  if (!(country in COUNTRIES)) return sendJson(response, 404, errorBody(20404, 404, `The requested resource ${url.pathname} was not found`))
  return sendJson(response, 200, describe(base, country, twilio.currency ?? 'USD'))
}

function page(base, query) {
  const size = Math.min(Math.max(Number(query.get('PageSize')) || 50, 1), 8) // small pages, so that there are several
  const at = Math.max(Number(query.get('Page')) || 0, 0)
  const codes = Object.keys(COUNTRIES)
  const to = (n) => `${base}?PageSize=${size}&Page=${n}&PageToken=PT${codes[n * size - 1] ?? ''}`
  return {
    countries: codes.slice(at * size, (at + 1) * size).map((code) => ({ country: COUNTRIES[code][0], iso_country: code, url: `${base}/${code}` })),
    meta: {
      first_page_url: `${base}?PageSize=${size}&Page=0`,
      key: 'countries',
      next_page_url: codes.length > (at + 1) * size ? to(at + 1) : null,
      page: at,
      page_size: size,
      previous_page_url: at > 0 ? to(at - 1) : null,
      url: `${base}?PageSize=${size}&Page=${at}`,
    },
  }
}

function describe(base, code, currency) {
  const [name, ...prices] = COUNTRIES[code]
  return {
    country: name,
    inbound_sms_prices: [{ base_price: '0.0079', current_price: '0.0079', number_type: 'local' }],
    iso_country: code,
    outbound_sms_prices: prices.map((price, i) => ({
      carrier: `Carrier ${i + 1}`,
      mcc: '999',
      mnc: String(i + 1).padStart(2, '0'),
      prices: [
        { base_price: price, current_price: price, number_type: 'mobile' },
        { base_price: '0.0200', current_price: '0.0075', number_type: 'local' },
      ],
    })),
    price_unit: currency,
    url: `${base}/${code}`,
  }
}
