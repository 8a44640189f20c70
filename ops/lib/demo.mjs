// Makes the demo stores known to Tillgate, through the same API that any platform uses: demo.mjs API KEYS STORE_PORT
//
// KEYS holds platform.key and gets {slug}.key for each store. What is there already is left alone, so it can run at every
// start. Ends with 4 when the platform's key is refused (a new database knows no old keys).

import { randomUUID } from 'node:crypto'
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
  const file = join(keys, `${shop.slug}.key`)
  writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 })
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
