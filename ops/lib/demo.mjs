// Makes the demo stores known to Tillgate, through the same API that any platform uses: demo.mjs API KEYS STORE_PORT
//
// KEYS holds platform.key and gets, for each store, {slug}.key (by which it asks for tickets) and {slug}.launch.json (by which it signs
// launch tokens). What is there already is left alone, so it can run at every
// start. Ends with 4 when the platform's key is refused (a new database knows no old keys).

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from '../sandbox/net.mjs'
import { SHOPS } from '../sandbox/shops.mjs'

const [api, keys, storePort] = process.argv.slice(2)
const platformKey = readFileSync(join(keys, 'platform.key'), 'utf8').trim()

const known = await everyTenant()
for (const shop of SHOPS) {
  const tenant = (await withOrigin(shop, known.find((candidate) => candidate.slug === shop.slug))) ?? (await createTenant(shop))
  if (!hasKey(shop, tenant)) await createKey(shop, tenant)
  if (!hasLaunchKey(shop, tenant)) await createLaunchKey(shop, tenant)
  console.log(`${shop.slug}: ${tenant.id}`)
}

async function everyTenant() {
  const items = []
  let cursor = null
  do {
    const page = await call('GET', `/v1/tenants?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return items
}

function origin(shop) {
  return `http://${shop.slug}.shop.localhost:${storePort}`
}

function createTenant(shop) {
  const { slug, name, country, locale } = shop
  // Both countries for both stores, so that whoever tries it can use the number they know how to write.
  return call('POST', '/v1/tenants', { slug, name, country, locale, return_origins: [origin(shop)], sms_countries: ['US', 'DE'] })
}

/** The store's port may have been moved since the tenant was made. */
async function withOrigin(shop, tenant) {
  if (!tenant || tenant.return_origins.includes(origin(shop))) return tenant
  const origins = [origin(shop), ...tenant.return_origins].slice(0, 10)
  const { etag } = await call('GET', `/v1/tenants/${tenant.id}`, undefined, {}, true)
  return call('PATCH', `/v1/tenants/${tenant.id}`, { return_origins: origins }, { 'If-Match': etag })
}

/** A tenant's key carries the suffix of its id, so a key of an earlier database is recognised. */
function hasKey(shop, tenant) {
  const file = join(keys, `${shop.slug}.key`)
  return existsSync(file) && readFileSync(file, 'utf8').includes(tenant.id.replace('tenant_', ''))
}

async function createKey(shop, tenant) {
  const { secret } = await call('POST', `/v1/tenants/${tenant.id}/keys`, { name: 'demo store' })
  keep(`${shop.slug}.key`, `${secret}\n`)
}

/** What a store signs with is its own; the platform registers the public half. */
async function createLaunchKey(shop, tenant) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = `demo-${randomUUID()}`
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  await call('POST', `/v1/tenants/${tenant.id}/launch-keys`, { name: 'demo store', algorithm: 'EdDSA', jwk })
  const signing = { store: tenant.id, panel: panel(shop), key: { ...privateKey.export({ format: 'jwk' }), kid } }
  keep(`${shop.slug}.launch.json`, `${JSON.stringify(signing)}\n`)
}

function hasLaunchKey(shop, tenant) {
  const file = join(keys, `${shop.slug}.launch.json`)
  if (!existsSync(file)) return false
  const signing = JSON.parse(readFileSync(file, 'utf8'))
  if (signing.store !== tenant.id) return false
  // the panel's port may have been moved
  if (signing.panel !== panel(shop)) keep(`${shop.slug}.launch.json`, `${JSON.stringify({ ...signing, panel: panel(shop) })}\n`)
  return true
}

function panel(shop) {
  return new URL(api).origin.replace('//api.tillgate.', `//${shop.slug}.panel.`)
}

function keep(name, text) {
  const file = join(keys, name)
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

async function call(method, path, body, headers = {}, wantHeaders = false) {
  const answer = await request(api + path, {
    method,
    headers: {
      Authorization: `Bearer ${platformKey}`,
      ...(body && { 'Content-Type': 'application/json' }),
      ...(method === 'POST' && { 'Idempotency-Key': randomUUID() }),
      ...headers,
    },
    body: body ? JSON.stringify(body) : '',
  })
  if (answer.status === 401) process.exit(4)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return wantHeaders ? answer.headers : JSON.parse(answer.text)
}
