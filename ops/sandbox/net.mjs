// Small HTTP helpers for the sandbox: servers, bodies, and requests to *.localhost, which no resolver has to know.

import http from 'node:http'
import https from 'node:https'
import { readFile } from 'node:fs/promises'

/** Listens on host:port (0: any free one) and returns the port. */
export function listen(server, host, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve(server.address().port)
    })
  })
}

/** Stops a server at once, whatever its connections are doing. */
export function stop(server) {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** The whole body as text; a body over `limit` bytes rejects with a status of 413. */
export async function readBody(request, limit = 65536) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > limit) throw Object.assign(new Error('body too large'), { status: 413 })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function sendJson(response, status, body, headers = {}) {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers })
  response.end(text)
}

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' }

/** Sends a file of public/, whose name the caller has checked against a list. */
export async function sendPublic(response, name) {
  const body = await readFile(new URL(`public/${name}`, import.meta.url))
  response.writeHead(200, {
    'Content-Type': TYPES[name.split('.').pop()],
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}

/**
 * One request; resolves to {status, headers, text}. Names below localhost go to 127.0.0.1, as a browser takes them
 * (RFC 6761), and the Host header keeps the name. `connected` in an error tells whether bytes may have left.
 */
export function request(url, { method = 'GET', headers = {}, body = '', ca, timeout = 15000 } = {}) {
  const target = new URL(url)
  const client = target.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    let connected = false
    const fail = (error) => reject(Object.assign(error, { connected }))
    const outgoing = client.request(target, { method, headers, ca, lookup: lookupLocalhost, agent: false, timeout }, (answer) => {
      readBody(answer, 1 << 20).then((text) => resolve({ status: answer.statusCode, headers: answer.headers, text }), fail)
    })
    outgoing.on('socket', (socket) => socket.once('connect', () => (connected = true)))
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

function lookupLocalhost(name, options, callback) {
  if (!/(^|\.)localhost$/i.test(name)) {
    callback(new Error(`the sandbox talks to localhost only, not to ${name}`))
  } else if (options.all) {
    callback(null, [{ address: '127.0.0.1', family: 4 }])
  } else {
    callback(null, '127.0.0.1', 4)
  }
}

/** Text made safe between tags and in quoted attributes. */
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
