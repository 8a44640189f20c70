// The sandbox's demo stores: the admin of an online store, at http://{slug}.shop.localhost, with Settings > Advanced.
//
// What a real store has to do is in one function, openPanel: its backend asks Tillgate for a ticket with the store's key, or signs a
// token with the store's launch key, and answers with a form that posts it to the panel. The form is sent by the new tab itself, so
// that no pop-up has to be allowed and the click needs no script; ticket and token are 60 seconds old at most and never in a URL.

import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { escapeHtml as e, listen, readBody, request, sendPublic, stop } from './net.mjs'
import { SHOPS, WORDS } from './shops.mjs'

/** Starts all stores on host:port. `api`: origin of Tillgate's API; `keys`: folder with {slug}.key. Returns {url, port, close}. */
export async function startStore({ host = '127.0.0.1', port = 0, api, keys }) {
  const store = { api, keys, port }
  const server = http.createServer((incoming, response) => {
    handle(store, incoming, response).catch((error) => {
      if (!response.headersSent) send(response, error.status ?? 500, `<h1>${e(error.message)}</h1>`)
    })
  })
  store.port = await listen(server, host, port)
  return { url: `http://shop.localhost:${store.port}`, port: store.port, close: () => stop(server) }
}

async function handle(store, incoming, response) {
  const url = new URL(incoming.url, 'http://shop.localhost')
  if (url.pathname === '/store.css' || url.pathname === '/launch.js') return sendPublic(response, url.pathname.slice(1))
  const host = (incoming.headers.host ?? '').replace(/:\d+$/, '')
  const shop = SHOPS.find((candidate) => host === `${candidate.slug}.shop.localhost`)
  if (!shop) return send(response, 200, everyShop(store))

  const user = shop.users.find((candidate) => candidate.id === cookie(incoming, 'user'))
  const at = { store, shop, user, words: WORDS[shop.locale], path: url.pathname }
  if (incoming.method === 'POST') return change(at, incoming, response)
  if (!user) return send(response, 200, chooseUser(at), shop.locale)
  const page = PAGES[url.pathname]
  send(response, page ? 200 : 404, frame(at, page ? await page(at) : empty(at)), shop.locale)
}

async function change(at, incoming, response) {
  // A demo, but not a bad example: other sites cannot post here.
  const origin = incoming.headers.origin
  if (origin && origin !== 'null' && origin !== `http://${incoming.headers.host}`) return send(response, 403, '<h1>403</h1>')
  const form = new URLSearchParams(await readBody(incoming))
  if (at.path === '/user') {
    response.writeHead(303, { Location: '/', 'Set-Cookie': `user=${encodeURIComponent(form.get('id') ?? '')}; Path=/; HttpOnly; SameSite=Lax` })
    return response.end()
  }
  if (at.path === '/settings/advanced/open' && at.user) return openPanel(at, response, form)
  send(response, 404, '<h1>404</h1>')
}

// ---------------------------------------------------------------------------------------------------- the launch

async function openPanel(at, response, form) {
  const { words } = at
  const way = form.get('way') === 'token' ? signToken : fetchTicket
  const launch = await way(at, form.get('destination') ?? '/')
  if (launch.error) return send(response, 502, bare(words.failed, failure(at, launch.error)), at.shop.locale)
  const body = `<p>${e(words.taking_you)}</p>
    <form id="launch" method="post" action="${e(launch.post_to)}">
      <input type="hidden" name="${launch.token ? 'token' : 'ticket'}" value="${e(launch.token ?? launch.ticket)}">
      <button class="button">${e(words.go_on)}</button>
    </form>
    <script src="/launch.js"></script>`
  send(response, 200, bare(words.taking_you, body), at.shop.locale, new URL(launch.post_to).origin)
}

async function fetchTicket({ store, shop, user }, destination) {
  try {
    const key = (await readFile(join(store.keys, `${shop.slug}.key`), 'utf8')).trim()
    const answer = await request(`${store.api}/v1/launches`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
      body: JSON.stringify({
        user: { external_id: user.id, email: user.email, name: user.name, role: user.role, locale: shop.locale },
        destination,
        return_url: returnUrl(store, shop),
      }),
      timeout: 5000,
    })
    const body = JSON.parse(answer.text)
    return answer.status === 201 ? body : { error: body }
  } catch (error) {
    return { error: { title: error.message } }
  }
}

async function signToken({ store, shop, user }, destination) {
  try {
    const signing = JSON.parse(await readFile(join(store.keys, `${shop.slug}.launch.json`), 'utf8'))
    const now = Math.floor(Date.now() / 1000)
    const { email, name, role } = user
    const claims = { iss: signing.store, aud: signing.panel, iat: now, exp: now + 60, jti: randomUUID(), sub: user.id, email, name, role, locale: shop.locale }
    const header = { alg: 'EdDSA', kid: signing.key.kid, typ: 'launch+jwt' }
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${part(header)}.${part({ ...claims, destination, return_url: returnUrl(store, shop) })}`
    const signature = sign(null, Buffer.from(text), createPrivateKey({ key: signing.key, format: 'jwk' }))
    return { post_to: `${signing.panel}/launch`, token: `${text}.${signature.toString('base64url')}` }
  } catch (error) {
    return { error: { title: error.message } }
  }
}

function returnUrl(store, shop) {
  return `http://${shop.slug}.shop.localhost:${store.port}/settings/advanced`
}

function failure({ words }, problem) {
  return `<h1>${e(words.failed)}</h1><p>${e(words.failed_text)}</p>
    <p class="hint">${e(problem.detail ?? problem.title ?? '')}${problem.code ? ` (${e(problem.code)})` : ''}</p>
    ${problem.request_id ? `<p class="hint">${e(words.request_id)}: <code>${e(problem.request_id)}</code></p>` : ''}
    <p><a href="/settings/advanced">${e(words.close)}</a></p>`
}

// ---------------------------------------------------------------------------------------------------- pages

const PAGES = {
  '/': dashboard,
  '/orders': (at) => `<h1>${e(at.words.orders)}</h1><section class="card">${orderTable(at)}</section>`,
  '/products': empty,
  '/customers': empty,
  '/settings': (at) => settings(at, 'general', general(at)),
  '/settings/payments': (at) => settings(at, 'payments', `<p class="hint">${e(at.words.not_demo)}</p>`),
  '/settings/advanced': advanced,
}

function dashboard(at) {
  const { shop, user, words } = at
  const total = shop.orders.reduce((sum, order) => sum + order[3], 0)
  const open = shop.orders.filter((order) => order[4] !== 'shipped').length
  const stat = (label, value) => `<div class="card stat"><span>${e(label)}</span><b>${e(value)}</b></div>`
  return `<h1>${e(words.good_day)}, ${e(user.name.split(' ')[0])}</h1>
    <div class="stats">${stat(words.sales, money(shop, total))}${stat(words.open_orders, open)}${stat(words.visitors, 348)}</div>
    <section class="card"><h2>${e(words.week)}</h2>${chart()}</section>
    <section class="card"><h2>${e(words.latest)}</h2>${orderTable(at)}</section>`
}

function chart() {
  const bars = [38, 52, 45, 61, 58, 74, 66]
  const drawn = bars.map((height, i) => `<rect x="${i * 100 + 14}" y="${84 - height}" width="72" height="${height}" rx="5"></rect>`)
  return `<svg class="chart" viewBox="0 0 700 88" aria-hidden="true">${drawn.join('')}</svg>`
}

function orderTable({ shop, words }) {
  const rows = shop.orders.map(
    ([id, customer, item, total, state]) =>
      `<tr><td>#${e(id)}</td><td>${e(customer)}</td><td>${e(item)}</td><td class="number">${e(money(shop, total))}</td><td><span class="state ${state}">${e(words[state])}</span></td></tr>`,
  )
  const heads = ['order', 'customer', 'item', 'total', 'state'].map((name) => `<th scope="col">${e(words[name])}</th>`)
  return `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function money(shop, amount) {
  return new Intl.NumberFormat(shop.locale, { style: 'currency', currency: shop.currency }).format(amount)
}

function settings(at, tab, body) {
  const { words } = at
  const tabs = { general: '/settings', payments: '/settings/payments', advanced: '/settings/advanced' }
  const link = ([name, path]) => `<a href="${path}"${name === tab ? ' aria-current="page"' : ''}>${e(words[name])}</a>`
  return `<h1>${e(words.settings)}</h1>
    <nav class="tabs" aria-label="${e(words.settings)}">${Object.entries(tabs).map(link).join('')}</nav>${body}`
}

function general({ shop, words }) {
  const row = (label, value) => `<div><dt>${e(label)}</dt><dd>${e(value)}</dd></div>`
  const rows = row(words.store_name, shop.name) + row(words.country, shop.country) + row(words.currency, shop.currency)
  return `<section class="card"><dl>${rows}${row(words.contact, shop.users[0].email)}</dl></section>`
}

async function advanced(at) {
  const { store, shop, words } = at
  const connected = await readFile(join(store.keys, `${shop.slug}.key`)).then(
    () => true,
    () => false,
  )
  const state = connected
    ? `<span class="state paid">${e(words.connected)}</span>`
    : `<span class="state new">${e(words.not_connected)}</span>`
  return settings(
    at,
    'advanced',
    `<section class="card panel"><div><h2>${e(words.panel)} ${state}</h2><p>${e(words.panel_text)}</p></div>
      <form method="post" action="/settings/advanced/open" target="_blank" rel="noopener">
        <button class="button" id="open-panel">${e(words.panel_button)} <span aria-hidden="true">↗</span>
        <span class="unseen">(${e(words.new_tab)})</span></button>
        <button class="quiet" id="open-by-token" name="way" value="token">${e(words.by_token)}
        <span class="unseen">(${e(words.new_tab)})</span></button>
      </form></section>`,
  )
}

function empty({ words }) {
  return `<section class="card"><p class="hint">${e(words.empty)}</p></section>`
}

function chooseUser({ shop, words }) {
  const choice = (user) =>
    `<form method="post" action="/user"><input type="hidden" name="id" value="${e(user.id)}">
      <button class="person">${avatar(user)}<span><b>${e(user.name)}</b><small>${e(role(words, user))} · ${e(user.email)}</small></span></button></form>`
  return bare(
    shop.name,
    `<p class="brand">${e(shop.name)}</p><h1>${e(words.who)}</h1><p class="hint">${e(words.who_text)}</p>${shop.users.map(choice).join('')}`,
  )
}

function everyShop(store) {
  const link = (shop) =>
    `<a class="person" href="http://${shop.slug}.shop.localhost:${store.port}/"><span class="avatar" aria-hidden="true">${e(shop.name[0])}</span>
      <span><b>${e(shop.name)}</b><small>${e(shop.country)} · ${shop.slug}.shop.localhost</small></span></a>`
  return bare('Demo stores', `<p class="brand">Tillgate sandbox</p><h1>Demo stores</h1>${SHOPS.map(link).join('')}`)
}

function role(words, user) {
  return user.role === 'owner' ? words.owner : words.role_admin
}

function avatar(user) {
  const letters = user.name.split(' ').map((part) => part[0])
  return `<span class="avatar" aria-hidden="true">${e(letters.join(''))}</span>`
}

// ---------------------------------------------------------------------------------------------------- frames

function frame(at, body) {
  const { shop, user, words, path } = at
  const items = { dashboard: '/', orders: '/orders', products: '/products', customers: '/customers', settings: '/settings' }
  const current = (target) => (target === '/' ? path === '/' : path.startsWith(target)) && ' aria-current="page"'
  const link = ([name, target]) => `<a href="${target}"${current(target) || ''}>${e(words[name])}</a>`
  return document(
    `${shop.name} · ${words.admin}`,
    `<div class="shell"><aside><p class="brand">${e(shop.name)}</p><p class="hint">${e(words.admin)}</p>
      <nav aria-label="${e(words.admin)}">${Object.entries(items).map(link).join('')}</nav></aside>
      <div class="content"><header><span class="hint">${e(words.signed_in_as)}</span> <b>${e(user.name)}</b>
      <span class="hint">${e(role(words, user))}</span>
      <form method="post" action="/user"><button class="quiet">${e(words.switch_user)}</button></form></header>
      <main>${body}</main></div></div>`,
  )
}

function bare(title, body) {
  return document(title, `<main class="bare"><section class="card">${body}</section></main>`)
}

function document(title, body) {
  return `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${e(title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/store.css">
<body>${body}`
}

/** Sends a page; forms may post to this store and, on the page that launches, to the panel. */
function send(response, status, html, locale = 'en', panel = '') {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': `default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self' ${panel}; base-uri 'none'; frame-ancestors 'none'`,
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(`<!doctype html>\n<html lang="${locale}">\n${html}`)
}

function cookie(incoming, name) {
  const pairs = (incoming.headers.cookie ?? '').split(/; */).map((pair) => pair.split('='))
  return decodeURIComponent(pairs.find((pair) => pair[0] === name)?.[1] ?? '')
}
