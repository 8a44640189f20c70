// The sandbox's Twilio: the Messages resource of API 2010-04-01, stateful, with signed status callbacks and faults on demand.
//
// A message runs accepted → queued → sent → delivered in about half a second, calling StatusCallback at each step, and
// "arrives" (an event that the phone page shows) just before delivered. Its `course` may end otherwise: by a magic number
// (twilio_codes.mjs), by a fault, or because its ValidityPeriod is over before it could be sent.
//
// Verify (twilio_verify.mjs), whose texts run the same course without callbacks, and the Pricing API (twilio_prices.mjs) are at the
// same address.
//
// Control, for tests and the curious, on loopback only, JSON:
//   POST   /_control/faults    one fault or a list of them; see FAULTS below; answers what is active
//   GET    /_control/faults
//   GET    /_control/messages  every message accepted since the last reset, oldest first, with its callbacks; ?to=+1…
//   POST   /_control/callback  {sid, status, error_code?}: one more callback, whenever you like (late, impossible, repeated)
//   POST   /_control/prices    {currency}: what the prices are in, until the reset
//   POST   /_control/reset     forgets messages and faults
//
// FAULTS. Every fault may have `to` (this number only), `service` (posts of this Messaging Service only), `times` (how often, else until
// the reset) and, for the first group, `op` ("create", the default, "read" or "list").
//   {kind:"delay", ms}                        the answer waits
//   {kind:"status", status, code?, accept?}   answers with this status; accept: the message is taken all the same
//   {kind:"garbage", body?, status?, accept?} answers with something that is not Twilio's JSON
//   {kind:"truncate"}                         takes the message, sends half of the answer and hangs up
//   {kind:"huge", bytes}                      takes the message and answers with megabytes
//   {kind:"drop", when:"before"|"after"}      hangs up before or after taking the message
//   {kind:"outcome", status, error_code?}     the message ends like this: delivered, undelivered or failed
//   {kind:"stall", at:"queued"|"sent"}        the message stays there for ever
//   {kind:"slow", ms}                         the network takes so much longer to send it
//   {kind:"callbacks", none?, duplicate?, reorder?, delay?, wrong_signature?, sign_with?}
//                                             none; each one n times; last first; ms late; signed with another token

import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { listen, readBody, request, sendJson, stop } from './net.mjs'
import { CODES, errorBody, magicCode } from './twilio_codes.mjs'
import { servePrices } from './twilio_prices.mjs'
import { serveVerify } from './twilio_verify.mjs'

const API = '/2010-04-01'
const STEPS = { queued: 30, sent: 150, arrival: 380, final: 400, price: 500 } // milliseconds after the POST
const REPLY_FAULTS = ['status', 'garbage', 'truncate', 'huge', 'drop']
const FAULTS = [...REPLY_FAULTS, 'delay', 'outcome', 'stall', 'slow', 'callbacks']

/**
 * Starts it. Options: host, port (0: any), tls {port, key, cert}, account, user, secret (Basic auth; the account with the auth
 * token works too), authToken (signs callbacks), service (the Messaging Services, separated by a space), verifyService, ledger (file that gets a synced line for
 * every accepted message), ca (trusted for https callbacks), pace (1: the times above).
 * Returns {url, tlsUrl, events, messages, faults, reset, close}; events emits 'arrival' with {sid, to, from, body, at}.
 */
export async function startTwilio(options) {
  const twilio = {
    host: '127.0.0.1',
    port: 0,
    pace: 1,
    ...options,
    messages: [],
    verifications: [],
    faults: [],
    timers: new Set(),
    events: new EventEmitter(),
    ledgerFile: options.ledger ? openSync(options.ledger, 'a', 0o600) : null,
  }
  const serve = (incoming, response) => {
    handle(twilio, incoming, response).catch((error) => {
      if (!response.headersSent) sendJson(response, error.status ?? 500, errorBody(20500, error.status ?? 500, error.message))
    })
  }
  const servers = [http.createServer(serve)]
  const port = await listen(servers[0], twilio.host, twilio.port)
  let tlsPort = null
  if (twilio.tls) {
    servers.push(https.createServer({ key: twilio.tls.key, cert: twilio.tls.cert, minVersion: 'TLSv1.2' }, serve))
    tlsPort = await listen(servers[1], twilio.host, twilio.tls.port)
  }
  return {
    url: `http://${twilio.host}:${port}`,
    tlsUrl: tlsPort && `https://${twilio.host}:${tlsPort}`,
    events: twilio.events,
    messages: () => twilio.messages.map(describe),
    faults: (list) => addFaults(twilio, list),
    reset: () => reset(twilio),
    async close() {
      reset(twilio)
      await Promise.all(servers.map(stop))
      if (twilio.ledgerFile !== null) closeSync(twilio.ledgerFile)
    },
  }
}

async function handle(twilio, incoming, response) {
  const url = new URL(incoming.url, 'http://twilio')
  if (url.pathname.startsWith('/_control/')) return control(twilio, incoming, response, url)
  response.setHeader('Twilio-Request-Id', `RQ${randomBytes(16).toString('hex')}`)
  const body = await readBody(incoming)
  const match = url.pathname.match(/^\/2010-04-01\/Accounts\/(AC[0-9a-fA-F]{32})\/Messages(?:\/([^/]+))?(\/Feedback)?\.json$/)
  const refuse = (code, status, message) => sendJson(response, status, errorBody(code, status, message))

  if (!authorized(twilio, incoming.headers.authorization)) {
    response.setHeader('WWW-Authenticate', 'Basic realm="Twilio API"')
    return refuse(20003, 401)
  }
  if (url.pathname.startsWith('/v1/Messaging/')) return servePrices(twilio, incoming, response, url)
  if (url.pathname.startsWith('/v2/')) {
    const tools = { send: (form) => sendVerification(twilio, form), fault: (op, to) => verifyFault(twilio, op, to) }
    return serveVerify(twilio, incoming, response, url, new URLSearchParams(body), tools)
  }
  if (!match || match[1] !== twilio.account) return refuse(20404, 404, `The requested resource ${url.pathname} was not found`)
  if (match[3]) return takeFeedback(twilio, incoming, response, match[2], new URLSearchParams(body), refuse)
  if (match[2]) {
    if (incoming.method !== 'GET') return refuse(20004, 405, 'Method not allowed')
    return readMessage(twilio, response, match[2], url)
  }
  if (incoming.method === 'GET') return listMessages(twilio, response, url)
  if (incoming.method !== 'POST') return refuse(20004, 405, 'Method not allowed')
  return createMessage(twilio, response, new URLSearchParams(body))
}

function authorized(twilio, header) {
  const [user, password] = Buffer.from(header?.match(/^Basic (\S+)$/)?.[1] ?? '', 'base64').toString().split(/:(.*)/s)
  const pairs = [
    [twilio.user, twilio.secret],
    [twilio.account, twilio.authToken],
  ]
  return pairs.some(([name, secret]) => name === user && same(password ?? '', secret ?? ''))
}

function same(a, b) {
  return a.length === b.length && a.length > 0 && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

// ---------------------------------------------------------------------------------------------------- create

async function createMessage(twilio, response, form) {
  const to = form.get('To') ?? ''
  await delayAnswer(twilio, 'create', to)
  const fault = takeFault(twilio, REPLY_FAULTS, 'create', to, form.get('MessagingServiceSid'))
  if (fault?.kind === 'drop' && fault.when !== 'after') return response.destroy()
  if (fault && !takesMessage(fault)) return answerFault(response, fault, null)

  const problem = formProblem(twilio, form)
  if (problem) return sendJson(response, problem.status, problem)
  const message = accept(twilio, form)
  run(twilio, message)
  if (fault) return answerFault(response, fault, message)
  sendJson(response, 201, resource(message))
}

function takesMessage(fault) {
  return fault.accept === true || ['truncate', 'huge', 'drop'].includes(fault.kind)
}

function formProblem(twilio, form) {
  const to = form.get('To')
  if (!to) return errorBody(21604, 400, "A 'To' phone number is required.")
  const code = magicCode(to)
  if (code && CODES[code].refused) return errorBody(code, CODES[code].refused, magicMessage(code, to))
  if (!/^\+[1-9][0-9]{6,14}$/.test(to)) return errorBody(21211, 400, `The 'To' number ${to} is not a valid phone number.`)
  if (!form.get('From') && !form.get('MessagingServiceSid')) return errorBody(21603, 400, "A 'From' phone number is required.")
  if (form.get('MessagingServiceSid') && !(twilio.service ?? '').split(' ').includes(form.get('MessagingServiceSid'))) {
    return errorBody(21701, 400, 'The Messaging Service does not exist')
  }
  if (!form.get('Body')) return errorBody(21602, 400, 'Message body is required.')
  if (form.get('Body').length > 1600) return errorBody(21617, 400, 'The concatenated message body exceeds the 1600 character limit')
  const validity = form.get('ValidityPeriod')
  if (validity !== null && !(/^[0-9]+$/.test(validity) && validity >= 1 && validity <= 36000)) {
    return errorBody(20001, 400, 'Invalid parameter: ValidityPeriod must be between 1 and 36000')
  }
  const callback = form.get('StatusCallback')
  if (callback !== null && !/^https?:\/\/[^/]+/.test(callback)) return errorBody(21609, 400, "The 'StatusCallback' URL is not a valid URL.")
  return null
}

function magicMessage(code, to) {
  return code === 21211 ? `The 'To' number ${to} is not a valid phone number.` : CODES[code].message
}

function accept(twilio, form, sid = `SM${randomBytes(16).toString('hex')}`) {
  const now = Date.now()
  const service = form.get('MessagingServiceSid')
  const body = form.get('Body')
  const message = {
    sid,
    account: twilio.account,
    service,
    to: form.get('To'),
    from: service ? null : form.get('From'),
    body,
    segments: segments(body),
    status: service ? 'accepted' : 'queued',
    errorCode: null,
    price: null,
    feedback: null,
    createdAt: now,
    updatedAt: now,
    sentAt: null,
    validity: form.has('ValidityPeriod') ? Number(form.get('ValidityPeriod')) : 36000,
    callback: form.get('StatusCallback'),
    parameters: Object.fromEntries(form),
    callbacks: [], // {status, at, answer}: the calls that were made
    held: [], // callbacks kept back by the fault "reorder"
  }
  twilio.messages.push(message)
  if (twilio.ledgerFile !== null) writeLedger(twilio.ledgerFile, message)
  return message
}

// A text of Verify: no callback, and an attempt's id.
function sendVerification(twilio, { to, body, parameters }) {
  const form = new URLSearchParams({ To: to, Body: body, MessagingServiceSid: 'Verify' })
  const message = accept(twilio, form, `VL${randomBytes(16).toString('hex')}`)
  message.parameters = parameters
  run(twilio, message)
  return message
}

async function verifyFault(twilio, op, to) {
  await delayAnswer(twilio, op, to)
  const fault = takeFault(twilio, REPLY_FAULTS, op, to)
  const takes = fault && op === 'create' && (takesMessage(fault) && !(fault.kind === 'drop' && fault.when !== 'after'))
  const answer = (response, message) => {
    if (fault.kind === 'drop') response.destroy()
    else answerFault(response, fault, message)
    return true
  }
  return {
    before: (response, message = null) => (fault && !takes ? answer(response, message) : false),
    after: (response, message) => (takes ? answer(response, message) : false),
  }
}

function takeFeedback(twilio, incoming, response, sid, form, refuse) {
  const message = twilio.messages.find((candidate) => candidate.sid === sid)
  if (incoming.method !== 'POST') return refuse(20004, 405, 'Method not allowed')
  if (!message) return refuse(20404, 404)
  message.feedback = form.get('Outcome') ?? 'confirmed'
  const uri = `${API}/Accounts/${message.account}/Messages/${message.sid}/Feedback.json`
  return sendJson(response, 201, {
    account_sid: message.account,
    date_created: rfc2822(Date.now()),
    date_updated: rfc2822(Date.now()),
    message_sid: message.sid,
    outcome: message.feedback,
    uri,
  })
}

// On disk before the answer leaves: the ledger is what really was accepted, whatever dies next.
function writeLedger(file, message) {
  const { sid, to, body, validity, callback, createdAt } = message
  writeSync(file, `${JSON.stringify({ at: new Date(createdAt).toISOString(), sid, to, body, validity, callback })}\n`)
  fsyncSync(file)
}

function answerFault(response, fault, message) {
  const text = message ? JSON.stringify(resource(message)) : ''
  if (fault.kind === 'status') {
    const code = fault.code ?? 20000 + fault.status
    return sendJson(response, fault.status, errorBody(code, fault.status))
  }
  if (fault.kind === 'garbage') {
    response.writeHead(fault.status ?? 201, { 'Content-Type': 'text/html' })
    return response.end(fault.body ?? '<html><body><h1>502 Bad Gateway</h1></body></html>')
  }
  if (fault.kind === 'truncate') {
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    return response.write(text.slice(0, text.length / 2), () => response.destroy())
  }
  if (fault.kind === 'huge') {
    const bytes = fault.bytes ?? 100 << 20
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': bytes })
    return pour(response, bytes)
  }
  return response.destroy()
}

function pour(response, left) {
  while (left > 0 && !response.destroyed) {
    const chunk = Buffer.alloc(Math.min(left, 65536), ' ')
    left -= chunk.length
    if (!response.write(chunk)) return response.once('drain', () => pour(response, left))
  }
  response.end()
}

// ---------------------------------------------------------------------------------------------------- a message's course

function run(twilio, message) {
  const stall = takeFault(twilio, ['stall'], null, message.to)
  const slow = takeFault(twilio, ['slow'], null, message.to)?.ms ?? 0
  const ending = ends(twilio, message)
  message.calls = takeFault(twilio, ['callbacks'], null, message.to) ?? {}

  later(twilio, STEPS.queued, () => move(twilio, message, 'queued'))
  if (stall?.at === 'queued') return
  if (STEPS.sent * twilio.pace + slow >= message.validity * 1000) {
    later(twilio, message.validity * 1000, () => move(twilio, message, 'failed', 30036), { real: true })
    return
  }
  later(twilio, STEPS.sent, () => move(twilio, message, 'sent'), { slow })
  if (stall) return
  if (ending.status === 'delivered') later(twilio, STEPS.arrival, () => arrive(twilio, message), { slow })
  later(twilio, STEPS.final, () => move(twilio, message, ending.status, ending.errorCode), { slow })
  later(twilio, STEPS.price, () => (message.price = price(message)), { slow })
}

function ends(twilio, message) {
  const fault = takeFault(twilio, ['outcome'], null, message.to)
  if (fault) return { status: fault.status, errorCode: fault.error_code ?? null }
  const code = magicCode(message.to)
  return code ? { status: CODES[code].course, errorCode: code } : { status: 'delivered', errorCode: null }
}

function later(twilio, milliseconds, step, { slow = 0, real = false } = {}) {
  const timer = setTimeout(
    () => {
      twilio.timers.delete(timer)
      step()
    },
    milliseconds * (real ? 1 : twilio.pace) + slow,
  )
  twilio.timers.add(timer)
}

function move(twilio, message, status, errorCode = null) {
  const now = Date.now()
  message.status = status
  message.updatedAt = now
  message.errorCode = errorCode
  message.from ??= sender(message.to)
  if (status === 'sent') message.sentAt = now
  announce(twilio, message, status, errorCode)
}

function arrive(twilio, message) {
  const { sid, to, from, body } = message
  twilio.events.emit('arrival', { sid, to, from, body, at: new Date().toISOString() })
}

// Whom the Messaging Service picks: a long number in America, a name elsewhere.
function sender(to) {
  return to.startsWith('+1') ? '+15005550006' : 'Tillgate'
}

const PRICES = { '+1': 0.0079, '+49': 0.0972, '+44': 0.0524, '+33': 0.0798, '+34': 0.0729 }

function price(message) {
  const prefix = Object.keys(PRICES).find((candidate) => message.to.startsWith(candidate))
  return -(PRICES[prefix] ?? 0.06) * message.segments
}

const GSM7 =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const GSM7_TWO = '^{}\\[~]|€\f'

function segments(body) {
  const characters = [...body]
  if (!characters.every((c) => GSM7.includes(c) || GSM7_TWO.includes(c))) {
    return body.length <= 70 ? 1 : Math.ceil(body.length / 67)
  }
  const length = characters.reduce((sum, c) => sum + (GSM7_TWO.includes(c) ? 2 : 1), 0)
  return length <= 160 ? 1 : Math.ceil(length / 153)
}

// ---------------------------------------------------------------------------------------------------- callbacks

function announce(twilio, message, status, errorCode) {
  const { calls } = message
  if (!message.callback || calls.none) return
  const call = { status, parameters: callbackParameters(message, status, errorCode), token: randomUUID() }
  if (!calls.reorder) return deliver(twilio, message, call)
  message.held.push(call)
  if (['delivered', 'undelivered', 'failed'].includes(status)) {
    for (const held of message.held.splice(0).reverse()) deliver(twilio, message, held)
  }
}

function callbackParameters(message, status, errorCode) {
  return {
    AccountSid: message.account,
    ApiVersion: '2010-04-01',
    ...(message.from ? { From: message.from } : {}),
    MessageSid: message.sid,
    MessageStatus: status,
    ...(message.service ? { MessagingServiceSid: message.service } : {}),
    SmsSid: message.sid,
    SmsStatus: status,
    To: message.to,
    ...(errorCode ? { ErrorCode: String(errorCode), ErrorMessage: CODES[errorCode]?.message ?? 'Error' } : {}),
    ...(status === 'delivered' ? { RawDlrDoneDate: new Date().toISOString().replace(/\D/g, '').slice(2, 12) } : {}),
  }
}

function deliver(twilio, message, call) {
  const { duplicate = 1, delay = 0 } = message.calls
  for (let i = 0; i < duplicate; i++) {
    if (delay) later(twilio, delay, () => post(twilio, message, call), { real: true })
    else post(twilio, message, call)
  }
}

async function post(twilio, message, call) {
  const { wrong_signature: wrong, sign_with: other } = message.calls
  const token = wrong ? 'not the auth token' : (other ?? twilio.authToken)
  const record = { status: call.status, at: new Date().toISOString(), answer: null }
  message.callbacks.push(record)
  const outgoing = {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'User-Agent': 'TwilioProxy/1.1',
      'I-Twilio-Idempotency-Token': call.token,
      'X-Twilio-Signature': signature(token, message.callback, call.parameters),
    },
    body: new URLSearchParams(call.parameters).toString(),
    ca: twilio.ca,
  }
  outgoing.headers['Content-Length'] = Buffer.byteLength(outgoing.body)
  try {
    record.answer = (await callOnceOrTwice(message.callback, outgoing)).status
  } catch (error) {
    record.answer = error.message
  }
}

// Twilio's default: one more try, and only when it could not connect.
function callOnceOrTwice(url, outgoing) {
  return request(url, outgoing).catch((error) => {
    if (error.connected) throw error
    return request(url, outgoing)
  })
}

/** X-Twilio-Signature: HMAC-SHA1 over the exact URL and the parameters sorted by name (Twilio, "Security"). */
export function signature(authToken, url, parameters) {
  const text = Object.keys(parameters)
    .sort()
    .reduce((sum, name) => sum + name + parameters[name], url)
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64')
}

// ---------------------------------------------------------------------------------------------------- read and list

async function readMessage(twilio, response, sid, url) {
  const message = twilio.messages.find((candidate) => candidate.sid === sid)
  await delayAnswer(twilio, 'read', message?.to)
  const fault = takeFault(twilio, REPLY_FAULTS, 'read', message?.to)
  if (fault) return answerFault(response, fault, message)
  if (!message) return sendJson(response, 404, errorBody(20404, 404, `The requested resource ${url.pathname} was not found`))
  sendJson(response, 200, resource(message))
}

async function listMessages(twilio, response, url) {
  const query = url.searchParams
  await delayAnswer(twilio, 'list', query.get('To'))
  const fault = takeFault(twilio, REPLY_FAULTS, 'list', query.get('To'))
  if (fault) return answerFault(response, fault, null)
  const size = clamp(query.get('PageSize') ?? 50, 1, 1000)
  const page = clamp(query.get('Page') ?? 0, 0, 1e6)
  const found = twilio.messages.filter((message) => wanted(message, query)).reverse()
  const items = found.slice(page * size, (page + 1) * size)
  // Twilio itself answers with a path here; its specification, to which Prism holds us, asks for a whole URI.
  const uri = (n) => `https://api.twilio.com${API}/Accounts/${twilio.account}/Messages.json?${pageQuery(query, size, n)}`
  sendJson(response, 200, {
    end: Math.max(page * size + items.length - 1, 0),
    first_page_uri: uri(0),
    messages: items.map(resource),
    next_page_uri: found.length > (page + 1) * size ? uri(page + 1) : null,
    page,
    page_size: size,
    previous_page_uri: page > 0 ? uri(page - 1) : null,
    start: page * size,
    uri: uri(page),
  })
}

function clamp(value, low, high) {
  return Math.min(Math.max(Number(value) || 0, low), high)
}

function pageQuery(query, size, page) {
  const next = new URLSearchParams(query)
  next.set('PageSize', size)
  next.set('Page', page)
  return next
}

// DateSent is a day, or a moment; "DateSent>" and "DateSent<" are inclusive. A message not sent yet counts by its creation.
function wanted(message, query) {
  const day = (text) => Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
  const at = message.sentAt ?? message.createdAt
  return (
    (!query.has('To') || query.get('To') === message.to) &&
    (!query.has('From') || query.get('From') === message.from) &&
    (!query.has('DateSent>') || at >= day(query.get('DateSent>'))) &&
    (!query.has('DateSent<') || at < day(query.get('DateSent<')) + 86400000) &&
    (!query.has('DateSent') || new Date(at).toISOString().startsWith(query.get('DateSent').slice(0, 10)))
  )
}

function resource(message) {
  const uri = `${API}/Accounts/${message.account}/Messages/${message.sid}`
  const accepted = message.status === 'accepted'
  return {
    account_sid: message.account,
    api_version: '2010-04-01',
    body: message.body,
    date_created: rfc2822(message.createdAt),
    date_sent: rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: 'outbound-api',
    error_code: message.errorCode,
    error_message: message.errorCode ? (CODES[message.errorCode]?.message ?? 'Error') : null,
    from: message.from,
    messaging_service_sid: message.service,
    num_media: '0',
    num_segments: accepted ? '0' : String(message.segments),
    price: message.price === null ? null : message.price.toFixed(5),
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  }
}

function rfc2822(milliseconds) {
  return milliseconds === null ? null : new Date(milliseconds).toUTCString().replace('GMT', '+0000')
}

// ---------------------------------------------------------------------------------------------------- control and faults

async function control(twilio, incoming, response, url) {
  const route = `${incoming.method} ${url.pathname.slice('/_control/'.length)}`
  if (!fromHere(incoming)) return sendJson(response, 403, { error: 'the control API answers programs on this machine only' })
  if (route === 'GET faults') return sendJson(response, 200, { faults: twilio.faults })
  if (route === 'GET messages') return sendJson(response, 200, { messages: controlMessages(twilio, url.searchParams.get('to')?.replace(/^ /, '+')) })
  if (incoming.method !== 'POST') return sendJson(response, 404, { error: 'no such control' })
  // JSON only: a page in a browser cannot send that across origins without asking first.
  if (!/^application\/json\b/.test(incoming.headers['content-type'] ?? '')) return sendJson(response, 415, { error: 'send JSON' })
  const body = parseJson(await readBody(incoming))
  if (route === 'POST reset') return sendJson(response, 200, reset(twilio))
  if (route === 'POST faults') return sendJson(response, 201, { faults: addFaults(twilio, body) })
  if (route === 'POST prices') return sendJson(response, 200, { currency: (twilio.currency = body.currency ?? 'USD') })
  if (route === 'POST callback') return controlCallback(twilio, response, body)
  return sendJson(response, 404, { error: 'no such control' })
}

function parseJson(text) {
  try {
    return JSON.parse(text || '{}')
  } catch (error) {
    throw Object.assign(error, { status: 400 })
  }
}

function fromHere(incoming) {
  const name = (incoming.headers.host ?? '').replace(/:\d+$/, '')
  return ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(incoming.socket.remoteAddress) && /^(127\.0\.0\.1|(.*\.)?localhost)$/.test(name)
}

function controlMessages(twilio, to) {
  return twilio.messages.filter((message) => !to || message.to === to).map(describe)
}

function controlCallback(twilio, response, { sid, status, error_code: errorCode = null }) {
  const message = twilio.messages.find((candidate) => candidate.sid === sid)
  if (!message) return sendJson(response, 404, { error: 'no such message' })
  post(twilio, message, { status, parameters: callbackParameters(message, status, errorCode), token: randomUUID() })
  sendJson(response, 202, {})
}

function describe(message) {
  return { ...resource(message), validity: message.validity, callback: message.callback, callbacks: message.callbacks, feedback: message.feedback, parameters: message.parameters }
}

function addFaults(twilio, list) {
  const unknown = [list].flat().find((fault) => !FAULTS.includes(fault?.kind))
  if (unknown !== undefined) throw Object.assign(new Error(`no such fault: ${JSON.stringify(unknown)}`), { status: 400 })
  for (const fault of [list].flat()) twilio.faults.push({ ...fault, times: fault.times ?? Infinity })
  return twilio.faults
}

function reset(twilio) {
  for (const timer of twilio.timers) clearTimeout(timer)
  twilio.timers.clear()
  twilio.messages.length = 0
  twilio.verifications.length = 0
  twilio.currency = 'USD'
  twilio.faults.length = 0
  return {}
}

async function delayAnswer(twilio, op, to) {
  const fault = takeFault(twilio, ['delay'], op, to)
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.ms))
}

/** The first active fault of these kinds for this operation (null: any), number and service; one of its times is used up. */
function takeFault(twilio, kinds, op, to, service = null) {
  const fault = twilio.faults.find(
    (candidate) =>
      kinds.includes(candidate.kind) && (op === null || (candidate.op ?? 'create') === op) && (!candidate.to || candidate.to === to) && (!candidate.service || candidate.service === service),
  )
  if (!fault) return null
  fault.times -= 1
  if (fault.times <= 0) twilio.faults.splice(twilio.faults.indexOf(fault), 1)
  return fault
}
