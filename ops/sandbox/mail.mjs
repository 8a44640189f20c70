// The sandbox's mail server: takes every mail by SMTP (STARTTLS when there is a certificate, any password), and shows it beside the phones.
//
//   GET  /mail          a page of what came, newest first
//   GET  /mails         {mails:[{to, from, subject, text, raw, tls, user, at}]}, newest first; ?to=ann@… for one address
//   POST /mail/faults   [{stage, times?, reply?, drop?, delay_ms?}]: at stage connect, ehlo, from, to, data or end, for the next `times` (1; -1: always)
//   POST /mail/reset    no faults, no mails

import net from 'node:net'
import tls from 'node:tls'
import { escapeHtml, listen, readBody, sendJson } from './net.mjs'

const KEPT = 500
const LONGEST = 256 * 1024

/** Starts it on host:port; `secure` is {key, cert} or null. Returns {port, mails, handle, close}. */
export async function startMail({ host = '127.0.0.1', port = 0, secure = null } = {}) {
  const office = { mails: [], faults: [], secure, sockets: new Set() }
  const server = net.createServer((socket) => new Conversation(office, socket))
  const bound = await listen(server, host, port)
  return {
    url: `smtp://localhost:${bound}`,
    port: bound,
    mails: () => office.mails,
    handle: (incoming, response, url) => handle(office, incoming, response, url),
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of office.sockets) socket.destroy()
    }),
  }
}

// One client. Lines are read one at a time; in data, up to the lonely dot.
class Conversation {
  constructor(office, socket) {
    Object.assign(this, { office, tls: false, user: null, buffer: '', busy: Promise.resolve() })
    this.forget()
    this.attach(socket)
    this.busy = this.fault('connect').then((stop) => stop || this.say('220 sandbox ESMTP'))
  }

  attach(socket) {
    this.socket = socket
    this.office.sockets.add(socket)
    socket.on('close', () => this.office.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      this.buffer += bytes.toString('latin1')
      if (this.buffer.length > LONGEST) return socket.destroy()
      this.busy = this.busy.then(() => this.read())
    })
  }

  forget() {
    Object.assign(this, { from: null, to: [], inData: false, login: null })
  }

  say(line) {
    if (!this.socket.destroyed) this.socket.write(`${line}\r\n`)
  }

  async read() {
    for (;;) {
      const end = this.buffer.indexOf(this.inData ? '\r\n.\r\n' : '\r\n')
      if (end < 0 || this.socket.destroyed) return
      const text = this.buffer.slice(0, end)
      this.buffer = this.buffer.slice(end + (this.inData ? 5 : 2))
      await (this.inData ? this.take(text) : this.command(text))
    }
  }

  async command(line) {
    if (this.login) return this.password(line)
    const verb = line.split(/[ :]/)[0].toUpperCase()
    const known = {
      EHLO: () => this.fault('ehlo').then((stop) => stop || this.say(['250-sandbox', ...(this.office.secure && !this.tls ? ['250-STARTTLS'] : []), '250-8BITMIME', '250-AUTH PLAIN LOGIN', '250 SIZE 262144'].join('\r\n'))),
      HELO: () => this.say('250 sandbox'),
      STARTTLS: () => this.startTls(),
      AUTH: () => this.auth(line),
      MAIL: () => this.envelope('from', line, (address) => { this.from = address }),
      RCPT: () => this.envelope('to', line, (address) => { this.to.push(address) }),
      DATA: () => this.data(),
      RSET: () => { this.forget(); this.say('250 ok') },
      NOOP: () => this.say('250 ok'),
      QUIT: () => { this.say('221 bye'); this.socket.end() },
    }[verb]
    return known ? known() : this.say('502 what?')
  }

  startTls() {
    if (!this.office.secure || this.tls) return this.say('502 not here')
    this.say('220 go on')
    const plain = this.socket
    plain.removeAllListeners('data')
    this.buffer = ''
    this.tls = true
    this.forget()
    this.attach(new tls.TLSSocket(plain, { isServer: true, secureContext: tls.createSecureContext(this.office.secure) }))
  }

  auth(line) {
    const [, kind, initial] = line.split(' ')
    if (/^plain$/i.test(kind) && initial) return this.welcome(Buffer.from(initial, 'base64').toString().split('\0')[1])
    this.login = { kind: kind?.toUpperCase(), user: null }
    this.say(this.login.kind === 'LOGIN' ? '334 VXNlcm5hbWU6' : '334 ')
  }

  password(line) {
    const text = Buffer.from(line, 'base64').toString()
    if (this.login.kind === 'PLAIN') return this.welcome(text.split('\0')[1])
    if (this.login.user !== null) return this.welcome(this.login.user)
    this.login.user = text
    this.say('334 UGFzc3dvcmQ6')
  }

  welcome(user) {
    this.login = null
    this.user = user
    this.say('235 welcome')
  }

  async envelope(stage, line, keep) {
    const address = line.match(/^\w+ \w+:<([^<>\s]*)>/)?.[1]
    if (await this.fault(stage)) return
    if (address === undefined) return this.say('501 no address')
    keep(address)
    this.say('250 ok')
  }

  async data() {
    if (await this.fault('data')) return
    if (this.from === null || !this.to.length) return this.say('503 who?')
    this.inData = true
    this.say('354 go on')
  }

  async take(text) {
    this.inData = false
    if (await this.fault('end')) return
    const raw = Buffer.from(text.replace(/^\.\./gm, '.'), 'latin1').toString('utf8')
    const { office, tls: secured, user, from } = this
    for (const to of this.to) office.mails.unshift({ to, from, ...readMail(raw), raw, tls: secured, user, at: new Date().toISOString() })
    office.mails.length = Math.min(office.mails.length, KEPT)
    this.forget()
    this.say('250 taken')
  }

  // True when a fault has answered, or hung up.
  async fault(stage) {
    const fault = this.office.faults.find((one) => one.stage === stage && one.times !== 0)
    if (!fault) return false
    if (fault.times > 0) fault.times -= 1
    if (fault.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms))
    if (fault.drop) this.socket.destroy()
    else if (fault.reply) this.say(fault.reply)
    return Boolean(fault.drop || fault.reply)
  }
}

/** Subject and text of a message such as ours: encoded words, base64. */
function readMail(raw) {
  const [head, ...rest] = raw.split('\r\n\r\n')
  const headers = Object.fromEntries(head.replace(/\r\n[ \t]+/g, ' ').split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const subject = (headers.subject ?? '').replace(/(\?=) (?==\?)/g, '$1').replace(/=\?utf-8\?B\?([^?]*)\?=/gi, (_, word) => Buffer.from(word, 'base64').toString('utf8'))
  const body = rest.join('\r\n\r\n')
  return { headers, subject, text: /base64/i.test(headers['content-transfer-encoding'] ?? '') ? Buffer.from(body, 'base64').toString('utf8') : body }
}

async function handle(office, incoming, response, url) {
  const route = `${incoming.method} ${url.pathname}`
  if (route === 'GET /mail') return page(office, response)
  if (route === 'GET /mails') return sendJson(response, 200, { mails: office.mails.filter(({ to }) => !url.searchParams.has('to') || to === url.searchParams.get('to')) })
  if (route === 'POST /mail/faults') {
    office.faults = JSON.parse(await readBody(incoming)).map((fault) => ({ times: 1, ...fault }))
    return sendJson(response, 200, {})
  }
  if (route === 'POST /mail/reset') {
    Object.assign(office, { faults: [], mails: [] })
    return sendJson(response, 200, {})
  }
  return sendJson(response, 404, { error: 'nothing here' })
}

function page(office, response) {
  const items = office.mails.map(({ to, subject, text, at }) => `<li><h2>${escapeHtml(subject)}</h2><p><small>to ${escapeHtml(to)} · ${escapeHtml(at)}</small></p><pre>${escapeHtml(text)}</pre></li>`)
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Mail · Tillgate sandbox</title>
<style>:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif } body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem } li { margin-bottom: 2rem } h2 { font-size: 1.1rem; margin: 0 } pre { white-space: pre-wrap; font: inherit }</style>
<h1>The mails</h1><p>Every mail that Tillgate sends arrives here, whatever the address. Nothing leaves your machine. <a href="/">The phones</a></p>${items.length ? `<ol>${items.join('')}</ol>` : '<p>No mails yet.</p>'}</html>`)
}
