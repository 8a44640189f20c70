// The sandbox's endpoint of the platform: takes webhooks at any path, shows them, and has whatever faults a test wants.
//
//   POST /…            a message; answers 204, or as the first fault that fits says
//   GET  /             a page of what came, newest first
//   GET  /_received    {messages:[{path, id, timestamp, signature, type, body, headers, at, status}]}, oldest first; ?path=/a for one path
//   POST /_faults      [{path?, tenant?, times?, status?, headers?, delay_ms?, drop?, garbage?}], each for its next `times` messages (1; -1: always)
//   POST /_reset       no faults, nothing received

import http from 'node:http'
import { escapeHtml, listen, readBody, sendJson, stop } from './net.mjs'

const KEPT = 5000

/** Starts it on host:port. Returns {url, port, messages, close}. */
export async function startWebhooks({ host = '127.0.0.1', port = 0 } = {}) {
  const endpoint = { messages: [], faults: [] }
  const server = http.createServer((incoming, response) => {
    handle(endpoint, incoming, response).catch((error) => {
      if (!response.headersSent) sendJson(response, error.status ?? 500, { error: error.message })
    })
  })
  const bound = await listen(server, host, port)
  return { url: `http://localhost:${bound}`, port: bound, messages: () => endpoint.messages, close: () => stop(server) }
}

async function handle(endpoint, incoming, response) {
  const url = new URL(incoming.url, 'http://localhost')
  const route = `${incoming.method} ${url.pathname}`
  if (route === 'GET /') return page(endpoint, response)
  if (route === 'GET /_received') return sendJson(response, 200, { messages: received(endpoint, url.searchParams.get('path')) })
  if (route === 'POST /_faults') {
    endpoint.faults = JSON.parse(await readBody(incoming)).map((fault) => ({ times: 1, ...fault }))
    return sendJson(response, 200, {})
  }
  if (route === 'POST /_reset') {
    Object.assign(endpoint, { messages: [], faults: [] })
    return sendJson(response, 200, {})
  }
  if (incoming.method !== 'POST') return sendJson(response, 404, { error: 'nothing here' })
  return take(endpoint, incoming, response, url.pathname)
}

async function take(endpoint, incoming, response, path) {
  const body = await readBody(incoming, 1 << 20)
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = incoming.headers
  const content = read(body)
  const fault = nextFault(endpoint, path, content)
  const message = { path, id, timestamp, signature, type: content?.type, body, headers: incoming.headers, at: new Date().toISOString(), status: statusOf(fault) }
  endpoint.messages.push(message)
  if (endpoint.messages.length > KEPT) endpoint.messages.shift()
  if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms))
  message.answered_at = new Date().toISOString()
  if (fault?.drop) return incoming.socket.destroy()
  if (fault?.garbage) return incoming.socket.end('SMTP/9 \u0000 what?\r\n\r\n')
  response.writeHead(message.status, fault?.headers ?? {})
  response.end()
}

function read(body) {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

// 0: there is no answer that says anything.
function statusOf(fault) {
  return fault?.drop || fault?.garbage ? 0 : fault?.status ?? 204
}

function nextFault(endpoint, path, content) {
  const fault = endpoint.faults.find((one) => one.times !== 0 && (!one.path || one.path === path) && (!one.tenant || one.tenant === content?.data?.tenant))
  if (fault && fault.times > 0) fault.times -= 1
  return fault
}

function received(endpoint, path) {
  return endpoint.messages.filter((message) => !path || message.path === path)
}

function page(endpoint, response) {
  const rows = endpoint.messages.toReversed().slice(0, 200).map((message) => `<li><b>${escapeHtml(message.type ?? '?')}</b> <time>${escapeHtml(message.at)}</time>
    <small>${escapeHtml(message.path)} · ${message.status} · ${escapeHtml(message.id ?? '')}</small><pre>${escapeHtml(message.body)}</pre></li>`)
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Webhooks · Tillgate sandbox</title>
<style>:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif } body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem } li { margin-bottom: 1rem } pre { overflow-x: auto }</style>
<h1>Webhooks</h1><p>What Tillgate told the platform, newest first.</p>${rows.length ? `<ol>${rows.join('')}</ol>` : '<p>Nothing yet.</p>'}</html>`)
}
