// What stands in for the outside on a developer's machine: the demo stores, Twilio, the phones that get the texts, everybody's mail, the
// platform's endpoint that gets the webhooks, and an application of the platform's own behind the panel.
//
//   node ops/sandbox/main.mjs --run .run                    all of them, with the keys and secrets that ops/run made there
//   node ops/sandbox/main.mjs --only twilio,phone --port 0 --phone-port 0 --account AC… --user SK… --secret s --auth-token t
//
// Prints one JSON line with the addresses once everything listens. Ports: --store-port, --port (Twilio), --tls-port, --phone-port,
// --webhook-port, --smtp-port, --application-port.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startApplication } from './application.mjs'
import { startMail } from './mail.mjs'
import { startPhone } from './phone.mjs'
import { startStore } from './store.mjs'
import { startTwilio } from './twilio.mjs'
import { startWebhooks } from './webhooks.mjs'

const { values: given } = parseArgs({
  options: {
    run: { type: 'string' },
    only: { type: 'string', default: 'store,twilio,phone,webhooks,application' },
    host: { type: 'string', default: '127.0.0.1' },
    'store-port': { type: 'string', default: '8085' },
    port: { type: 'string', default: '8086' },
    'tls-port': { type: 'string' },
    'phone-port': { type: 'string', default: '8088' },
    'webhook-port': { type: 'string', default: '8089' },
    'smtp-port': { type: 'string', default: '8025' },
    'application-port': { type: 'string', default: '8090' },
    panel: { type: 'string', default: 'http://{slug}.panel.localhost:8080' },
    api: { type: 'string', default: 'http://api.tillgate.localhost:8080' },
    account: { type: 'string' },
    user: { type: 'string' },
    secret: { type: 'string' },
    'auth-token': { type: 'string' },
    service: { type: 'string' },
    'verify-service': { type: 'string' },
    ledger: { type: 'string' },
    pace: { type: 'string', default: '1' },
  },
})

const wanted = given.only.split(',')
const running = []
const addresses = {}
let twilio = null

if (wanted.includes('twilio')) {
  twilio = await startTwilio(twilioOptions())
  running.push(twilio)
  addresses.twilio = twilio.url
  addresses.twilio_tls = twilio.tlsUrl
}
if (wanted.includes('phone')) {
  if (!twilio) throw new Error('the phone needs Twilio in the same process')
  const mail = await startMail({ host: given.host, port: Number(given['smtp-port']), secure: secureOf() })
  const phone = await startPhone({ host: given.host, port: Number(given['phone-port']), events: twilio.events, mail })
  running.push(mail)
  addresses.smtp = mail.url
  running.push(phone)
  addresses.phone = phone.url
}
if (wanted.includes('webhooks')) {
  const webhooks = await startWebhooks({ host: given.host, port: Number(given['webhook-port']) })
  running.push(webhooks)
  addresses.webhooks = webhooks.url
}
if (wanted.includes('store')) {
  const store = await startStore({ host: given.host, port: Number(given['store-port']), api: given.api, keys: join(given.run, 'keys') })
  running.push(store)
  addresses.store = store.url
}
if (wanted.includes('application')) {
  const application = await startApplication({ host: given.host, port: Number(given['application-port']), api: given.api, panel: given.panel })
  running.push(application)
  addresses.application = application.url
}
console.log(JSON.stringify(addresses))

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => Promise.all(running.map((part) => part.close())).then(() => process.exit(0)))
}

function file(name) {
  return given.run && existsSync(join(given.run, name)) ? readFileSync(join(given.run, name), 'utf8') : undefined
}

function secureOf() {
  const [key, cert] = [file('tls/leaf.key'), file('tls/leaf.pem')]
  return key && cert ? { key, cert } : null
}

function twilioOptions() {
  return {
    host: given.host,
    port: Number(given.port),
    account: given.account,
    user: given.user,
    secret: given.secret ?? file('keys/twilio-secret')?.trim(),
    // Two lines while a token is being replaced; the first one signs.
    authToken: given['auth-token'] ?? file('keys/twilio-auth-token')?.trim().split('\n')[0],
    service: given.service ?? null,
    verifyService: given['verify-service'] ?? null,
    ledger: given.ledger,
    ca: file('tls/ca.pem'),
    pace: Number(given.pace),
    tls: given['tls-port'] ? { port: Number(given['tls-port']), key: file('tls/leaf.key'), cert: file('tls/leaf.pem') } : null,
  }
}
