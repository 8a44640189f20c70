// Does a started stack work, seen from outside? check.mjs RUN: for both demo stores fetches a launch ticket with the store's
// key, redeems it at the panel, and reads the session; then the panel's page over TLS, and that the application behind the panel wants
// more than a launch. Ends with 0 when all of it worked.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from '../sandbox/net.mjs'
import { SHOPS } from '../sandbox/shops.mjs'

const run = process.argv[2]
const config = Object.fromEntries(
  readFileSync(join(run, 'tillgate.conf'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(' = '))
    .map((line) => line.split(/ = (.*)/s)),
)

for (const shop of SHOPS) {
  const [plain, tls] = config.panel_origins.split(' ').map((origin) => origin.replace('{slug}', shop.slug))
  const launch = JSON.parse(await expect(201, `${config.api_origin}/v1/launches`, ticketRequest(shop)))
  const cookie = await redeem(launch)
  const session = JSON.parse(await expect(200, `${plain}/api/session`, { headers: { Cookie: cookie } }))
  if (session.store.slug !== shop.slug) throw new Error(`the session is of ${session.store.slug}, not of ${shop.slug}`)
  await expect(200, `${tls}/`, { ca: readFileSync(join(run, 'tls/ca.pem')) })
  await expect(401, `${plain}/app/`, { headers: { Cookie: cookie } })
  console.log(`${shop.slug}: ${session.user.name}, ${session.state}`)
}

function ticketRequest(shop) {
  const [{ id, name, email, role }] = shop.users
  return {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${readFileSync(join(run, 'keys', `${shop.slug}.key`), 'utf8').trim()}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify({ user: { external_id: id, name, email, role, locale: shop.locale } }),
  }
}

async function redeem(launch) {
  const answer = await request(launch.post_to, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ticket: launch.ticket }).toString(),
  })
  const cookie = answer.headers['set-cookie']?.find((line) => line.startsWith('__Host-sid='))
  if (answer.status !== 303 || !cookie) throw new Error(`the launch was answered ${answer.status} ${answer.headers.location ?? answer.text}`)
  return cookie.split(';')[0]
}

async function expect(status, url, options) {
  const answer = await request(url, options)
  if (answer.status !== status) throw new Error(`${url}: ${answer.status} instead of ${status}: ${answer.text.slice(0, 500)}`)
  return answer.text
}
