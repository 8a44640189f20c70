// The sandbox's Verify (v2), with codes of the caller: verifications, what becomes of their attempts, and the feedback that a code was
// entered. A verification lives for ten minutes; asked for again meanwhile, it gets one more attempt, at most five.

import { randomBytes } from 'node:crypto'
import { sendJson } from './net.mjs'
import { CODES, errorBody, magicCode } from './twilio_codes.mjs'

const LIFE = 600_000
const ATTEMPTS = 5

/**
 * Answers what is under /v2. send(form) makes a message of the sandbox of {to, body}; its fault is what the sandbox was told to do with
 * this request, and answers by itself.
 */
export async function serveVerify(twilio, incoming, response, url, form, { send, fault }) {
  const refuse = (code, status, message) => sendJson(response, status, errorBody(code, status, message))
  const unknown = () => refuse(20404, 404, `The requested resource ${url.pathname} was not found`)
  const attempt = url.pathname.match(/^\/v2\/Attempts(?:\/(VL[0-9a-f]{32}))?$/)
  const verification = url.pathname.match(/^\/v2\/Services\/(VA[0-9a-f]{32})\/Verifications(?:\/([^/]+))?$/)
  if (attempt && incoming.method === 'GET') return attempt[1] ? readAttempt(twilio, response, attempt[1], unknown, fault) : listAttempts(twilio, response, url, fault)
  if (!verification || verification[1] !== twilio.verifyService || incoming.method !== 'POST') return unknown()
  if (verification[2]) return approve(twilio, response, decodeURIComponent(verification[2]), form, refuse, unknown)
  return create(twilio, response, form, refuse, { send, fault })
}

async function create(twilio, response, form, refuse, { send, fault }) {
  const to = form.get('To') ?? ''
  const told = await fault('create', to)
  if (told.before(response)) return
  const code = magicCode(to)
  if (!/^\+[1-9][0-9]{6,14}$/.test(to)) return refuse(60200, 400, `Invalid parameter \`To\`: ${to}`)
  if (form.get('Channel') !== 'sms') return refuse(60200, 400, 'Invalid parameter `Channel`')
  if (!/^[0-9A-Za-z]{4,10}$/.test(form.get('CustomCode') ?? '')) return refuse(60200, 400, 'Invalid parameter `CustomCode`')
  if (code && CODES[code].refused) return refuse(code, CODES[code].refused)

  const verification = pending(twilio, to) ?? begin(twilio, to)
  if (verification.attempts.length === ATTEMPTS) return refuse(60203, 429)
  const message = send({ to, body: `Your verification code is: ${form.get('CustomCode')}`, parameters: Object.fromEntries(form) })
  message.verification = verification.sid
  verification.attempts.push(message)
  if (!told.after(response, message)) sendJson(response, 201, describe(twilio, verification))
}

function pending(twilio, to) {
  return twilio.verifications.find((one) => one.to === to && one.status === 'pending' && Date.now() < one.createdAt + LIFE)
}

function begin(twilio, to) {
  const verification = { sid: `VE${randomBytes(16).toString('hex')}`, to, status: 'pending', createdAt: Date.now(), attempts: [] }
  twilio.verifications.push(verification)
  return verification
}

function approve(twilio, response, name, form, refuse, unknown) {
  const verification = twilio.verifications.find((one) => one.sid === name) ?? pending(twilio, name)
  if (!verification || verification.status !== 'pending') return unknown()
  if (!['approved', 'canceled'].includes(form.get('Status'))) return refuse(60200, 400, 'Invalid parameter `Status`')
  verification.status = form.get('Status')
  for (const message of verification.attempts) message.feedback = form.get('Status')
  return sendJson(response, 200, describe(twilio, verification))
}

async function readAttempt(twilio, response, sid, unknown, fault) {
  const message = twilio.messages.find((one) => one.sid === sid)
  const told = await fault('read', message?.to)
  if (told.before(response, message)) return
  if (!message) return unknown()
  sendJson(response, 200, describeAttempt(twilio, message))
}

async function listAttempts(twilio, response, url, fault) {
  const query = url.searchParams
  const told = await fault('list', query.get('ChannelData.To'))
  if (told.before(response)) return
  const from = Date.parse(query.get('DateCreatedAfter') ?? 0)
  const found = twilio.messages.filter((one) => one.verification && one.to === query.get('ChannelData.To') && one.createdAt >= from)
  sendJson(response, 200, {
    attempts: found.reverse().map((one) => describeAttempt(twilio, one)),
    meta: { key: 'attempts', page: 0, page_size: 50, next_page_url: null },
  })
}

const seconds = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+/, '')

function describe(twilio, { sid, to, status, createdAt, attempts }) {
  return {
    sid, service_sid: twilio.verifyService, account_sid: twilio.account, to, channel: 'sms', status, valid: status === 'approved',
    date_created: seconds(createdAt), date_updated: seconds(createdAt), lookup: {}, amount: null, payee: null,
    send_code_attempts: attempts.map((one) => ({ time: seconds(one.createdAt), channel: 'SMS', attempt_sid: one.sid })),
    sna: null, url: `https://verify.twilio.com/v2/Services/${twilio.verifyService}/Verifications/${sid}`,
  }
}

function describeAttempt(twilio, message) {
  return {
    sid: message.sid, account_sid: twilio.account, service_sid: twilio.verifyService, verification_sid: message.verification,
    date_created: seconds(message.createdAt), date_updated: seconds(message.updatedAt),
    conversion_status: message.feedback === 'approved' ? 'converted' : 'unconverted', channel: 'sms',
    price: message.price === null ? null : { value: String(-message.price), currency: 'usd' },
    channel_data: {
      to: message.to, status: 'unconfirmed', message_status: message.status,
      ...(message.errorCode ? { error_code: String(message.errorCode) } : {}),
    },
    url: `https://verify.twilio.com/v2/Attempts/${message.sid}`,
  }
}
