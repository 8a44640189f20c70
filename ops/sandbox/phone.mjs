// The sandbox's phone: a page that shows the texts that "arrived", live, one conversation per number.
//
//   GET  /            the page
//   GET  /messages    {messages:[{sid, to, from, body, code, at}]}, newest first; ?to=+1… for one number
//   GET  /events      the same as they arrive (server-sent events)
//   POST /clear       forgets them
//   …    /mail…       the mails, see mail.mjs

import http from 'node:http'
import { readFile } from 'node:fs/promises'
import { listen, sendJson, sendPublic, stop } from './net.mjs'

const KEPT = 500

/** Starts it on host:port; `events` emits 'arrival' for each text. Returns {url, port, messages, close}. */
export async function startPhone({ host = '127.0.0.1', port = 0, events, mail = null }) {
  const phone = { messages: [], listeners: new Set(), mail }
  const arrived = (text) => receive(phone, text)
  events.on('arrival', arrived)
  const server = http.createServer((incoming, response) => {
    handle(phone, incoming, response).catch((error) => sendJson(response, 500, { error: error.message }))
  })
  const bound = await listen(server, host, port)
  return {
    url: `http://phone.localhost:${bound}`,
    port: bound,
    messages: () => phone.messages,
    async close() {
      events.off('arrival', arrived)
      await stop(server)
    },
  }
}

function receive(phone, { sid, to, from, body, at }) {
  const message = { sid, to, from, body, code: codeOf(body), at }
  phone.messages.unshift(message)
  phone.messages.length = Math.min(phone.messages.length, KEPT)
  for (const response of phone.listeners) response.write(`data: ${JSON.stringify(message)}\n\n`)
}

// "@host #123456" is what browsers fill in; any six digits do otherwise.
function codeOf(body) {
  return body.match(/^@\S+ #(\d{4,10})\s*$/m)?.[1] ?? body.match(/\b\d{6}\b/)?.[0] ?? null
}

async function handle(phone, incoming, response) {
  const url = new URL(incoming.url, 'http://phone.localhost')
  const route = `${incoming.method} ${url.pathname}`
  if (phone.mail && url.pathname.startsWith('/mail')) return phone.mail.handle(incoming, response, url)
  if (route === 'GET /') return page(response)
  if (route === 'GET /phone.css' || route === 'GET /phone.js') return sendPublic(response, url.pathname.slice(1))
  if (route === 'GET /messages') return sendJson(response, 200, { messages: forNumber(phone, url.searchParams.get('to')) })
  if (route === 'GET /events') return follow(phone, response)
  if (route === 'POST /clear') {
    phone.messages.length = 0
    response.writeHead(303, { Location: '/' })
    return response.end()
  }
  sendJson(response, 404, { error: 'nothing here' })
}

function forNumber(phone, to) {
  // An unescaped + in a query is a space.
  const number = to?.replace(/^ /, '+')
  return phone.messages.filter((message) => !number || message.to === number)
}

async function page(response) {
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(await readFile(new URL('public/phone.html', import.meta.url)))
}

function follow(phone, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  response.write('retry: 500\n\n')
  phone.listeners.add(response)
  response.on('close', () => phone.listeners.delete(response))
}
