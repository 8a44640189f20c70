// The platform's own application behind the panel, at /app/ of every store's panel host: what ops/edge/application.conf.in is for.
//
//   GET /app/           who is signed in, as the edge's headers and the token say
//   GET /app/orders     another page, for the way back after the second step
//   GET /app/seen       what arrived: {headers, claims}
//
// Nothing is shown to a request whose token is not good: whoever gets past the edge, or to this port, gets no further.

import http from 'node:http'
import { identityChecker } from './identity.mjs'
import { escapeHtml as e, listen, sendJson, sendPublic, stop } from './net.mjs'

const METHODS = { otp: 'authenticator', sms: 'text message', backup_code: 'backup code', device: 'trusted device', bypass: 'bypass' }
const ROLES = { owner: 'owner', admin: 'admin', viewer: 'viewer' }

/** Starts it on host:port. `api`: origin of Tillgate's API; `panel`: origin of the panel with {slug}. Returns {url, port, close}. */
export async function startApplication({ host = '127.0.0.1', port = 0, api, panel }) {
  const check = identityChecker({ keys: `${api}/.well-known/jwks.json`, panel })
  const server = http.createServer((incoming, response) => {
    handle(check, incoming, response).catch((error) => refuse(response, 500, error.message))
  })
  const bound = await listen(server, host, port)
  return { url: `http://127.0.0.1:${bound}`, port: bound, close: () => stop(server) }
}

async function handle(check, incoming, response) {
  const { pathname } = new URL(incoming.url, 'http://application')
  // Nobody's secret, but asked for behind the edge all the same.
  if (pathname === '/app/app.css' || pathname === '/app/app.js') return sendPublic(response, pathname.slice(5))
  const slug = (incoming.headers.host ?? '').split('.')[0]
  let claims
  try {
    claims = await check(incoming.headers['x-tillgate-token'], slug)
  } catch (error) {
    return refuse(response, 403, error.message)
  }
  const fault = disagreement(incoming.headers, claims)
  if (fault) return refuse(response, 403, fault)
  const page = { '/app/': signedIn, '/app/orders': orders }[pathname]
  if (pathname === '/app/seen') return sendJson(response, 200, { headers: incoming.headers, claims }, HEADERS)
  send(response, page ? 200 : 404, page ? page(claims, incoming.headers) : '<h1>Nothing here</h1>')
}

// An application may go by the headers alone when nobody but the edge can reach it; this one has the token to hold them against.
function disagreement(headers, claims) {
  const told = {
    user: claims.sub,
    tenant: claims.tenant,
    role: claims.role,
    amr: claims.amr.join(),
    'auth-time': String(claims.auth_time),
  }
  const name = Object.keys(told).find((one) => headers[`x-tillgate-${one}`] !== told[one])
  return name && `X-Tillgate-${name} and the token say different things`
}

function signedIn(claims, headers) {
  const row = (name, value) => `<div><dt>${e(name)}</dt><dd>${e(value)}</dd></div>`
  const names = ['User', 'Tenant', 'Role', 'Amr', 'Auth-Time'].map((name) => `X-Tillgate-${name}`)
  return `<h1>Signed in as ${e(claims.name)}</h1>
    <p class="lead">${e(ROLES[headers['x-tillgate-role']])} of ${e(claims.store)}, by ${e(how(claims.amr))}, ${e(ago(claims.auth_time))}</p>
    <section><h2>What the edge says</h2><dl>${names.map((name) => row(name, headers[name.toLowerCase()])).join('')}</dl></section>
    <section><h2>What the token says, checked with the published keys</h2><dl>${Object.entries(claims)
      .map(([name, value]) => row(name, Array.isArray(value) ? value.join(', ') : value))
      .join('')}</dl></section>
    <nav><a href="/app/orders?page=2">Orders</a> <a href="/profile">Profile in the panel</a> <button id="sign-out">Sign out</button></nav>`
}

function orders(claims) {
  return `<h1>Orders of ${e(claims.store)}</h1><p class="lead">Nothing to see: this page is for the way back.</p><nav><a href="/app/">Back</a></nav>`
}

/** The most telling word: otp stands beside the others. */
function how(amr) {
  return METHODS[amr.find((word) => word !== 'otp') ?? 'otp'] ?? amr.join(', ')
}

function ago(time) {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - time))
  if (seconds < 120) return `${seconds} s ago`
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

function refuse(response, status, why) {
  send(response, status, `<h1>Not let in</h1><p class="lead">${e(why)}</p>`)
}

function send(response, status, html) {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', ...HEADERS })
  response.end(`<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Platform application</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/app/app.css"><script src="/app/app.js" defer></script>
<body><main><p class="brand">Platform application</p>${html}</main>`)
}
