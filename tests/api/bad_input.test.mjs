// Generated from tenants/openapi.yaml: every operation gets every kind of bad input. Always a 4xx problem that names the field; nothing
// changes in the database, nothing is sent.
import test, { describe, before } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, expect, until, Backend } from '../harness/suite.mjs';
import { operations, resolve, validatorOf } from '../harness/contract.mjs';
import { sampleOf, brokenBodies } from '../harness/samples.mjs';
import { Twilio, fieldsOf } from '../harness/twilio.mjs';

// A stack of its own: the database must stand still while it is compared.
delete process.env.TILLGATE_TEST_STACK;
const { stack, platform, sandbox, db } = await suite({});
const callers = {};
const ids = {};

before(async () => {
  const store = await platform.store();
  const fresh = await store.signedIn({ user: { role: 'owner' } }); // the first user of a store may be its owner
  await fresh.setUpAuthenticator();
  const launched = await store.signedIn();
  await launched.setUpAuthenticator();
  await store.relaunch(launched);
  const setUp = await store.launch();
  Object.assign(callers, { platform, tenant: store, launched, set_up: setUp, signed_in: fresh, fresh, forward: fresh, host: setUp, public: setUp, callback: new Twilio(stack) });
  Object.assign(ids, await foreignIds());
  await quiet();
});

// Rows that exist, of another tenant.
async function foreignIds() {
  const other = await platform.store();
  const browser = await other.signedIn();
  await other.relaunch(browser);
  await browser.secondStep({ remember_device: true });
  const { id: challenge } = await (async () => (await db.row(`select app.typeid('challenge', challenge_id) as id from app.challenges where tenant_id = (select tenant_id from app.tenants where slug = $1) limit 1`, other.tenant.slug)))();
  const first = async (path) => expect(await browser.call('GET', path), 200).items[0].id;
  const made = expect(await platform.call('POST', `/v1/tenants/${other.tenant.id}/exports`, { json: { kinds: ['tenant'] } }), 202);
  return { launch: (await other.ticket()).id, export: made.id, launch_key: (await platform.launchKey(other.tenant)).id, key: expect(await platform.call('GET', `/v1/tenants/${other.tenant.id}/keys`), 200).items[0].id,
    webhook: expect(await platform.call('POST', '/v1/webhooks', { json: { url: 'https://hooks.platform.example/', kinds: ['webhook.test'] } }), 201).id,
    challenge, user: (await browser.session()).user.id, device: await first('/api/devices'), session: await first('/api/sessions'), tenant: callers.tenant.tenant.id, send: 'x', mac: 'x' };
}

// Until every text is delivered and every callback taken.
const quiet = async () => {
  await until('all exports to be made', async () => (await db.value(`select count(*) from app.exports where state in ('queued', 'running')`)) === 0);
  await until('all texts to be delivered', async () => (await db.value(`select count(*) from app.sends where due_at is not null`)) === 0);
  await db.rows(`update app.sends set price_due_at = null`); // nor is one settled meanwhile
};

async function world() {
  // That a key was seen is kept for refusals, too.
  const { idempotency: _, ...tables } = await db.fingerprint();
  return { tables, messages: (await sandbox.messages()).length };
}

async function changesNothing(attempt) {
  const before = await world();
  await attempt();
  assert.deepEqual(await world(), before);
}

const pathOf = (one, values = ids) => one.template.replace(/\{([^}]+)\}/g, (_, name) => values[name]);

// What is open to everybody is asked for at its own host.
const callerOf = (one) => (one.level === 'public' && one.host === 'api' ? new Backend(stack, undefined) : callers[one.level]);

// The headers that an operation needs besides its body.
const headersOf = (one) => (one.method === 'PATCH' && one.host === 'api' ? { 'if-match': '"1"' } : {});

function refused(where, answer, pointer) {
  assert.ok(answer.status >= 400 && answer.status < 500, `${where}: ${answer.status} ${answer.text.slice(0, 300)}`);
  assert.equal(answer.mediaType, 'application/problem+json', where);
  if (pointer) assert.ok((answer.json.errors ?? []).some((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`)), `${where}: ${pointer} is not named: ${answer.text}`);
}

describe('bad bodies', () => {
  for (const one of operations.filter((op) => op.body?.content['application/json'])) {
    const schema = resolve(one.body.content['application/json'].schema);
    const send = (body, type = 'application/json') =>
      callerOf(one).call(one.method, pathOf(one), { body, headers: { ...headersOf(one), 'content-type': type }, unchecked: false });

    test(`${one.id}: malformed, empty, oversize, duplicate keys, other content types`, () => changesNothing(async () => {
      const good = JSON.stringify(sampleOf(schema));
      const twice = good === '{}' ? '{"a":1,"a":1}' : good.replace('{', `${good.slice(0, good.indexOf(':') + 1)}1,`);
      for (const body of ['{', '[]', '"x"', 'null', '\u0000', `${good}x`, twice, `{"a":${'['.repeat(5000)}`]) refused(`${one.id} ${body.slice(0, 40)}`, await send(body));
      const limit = one.host === 'api' ? 65536 : 16384;
      refused(`${one.id} oversize`, await send(`${good.slice(0, -1)}${' '.repeat(limit)}}`));
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/html']) refused(`${one.id} as ${type}`, await send(good, type));
      if (one.body.required !== false) refused(`${one.id} without a body`, await send(''));
    }));

    test(`${one.id}: each field missing, of each wrong type, too long, too short, or unknown`, () => changesNothing(async () => {
      for (const { what, body, pointer } of brokenBodies(schema)) {
        assert.ok(!validatorOf(schema)(body), `${one.id}: ${what} is valid`);
        refused(`${one.id}: ${what}`, await send(JSON.stringify(body)), pointer);
      }
    }));

    test(`${one.id}: arbitrary JSON is refused or was valid, and never an error of ours`, () => changesNothing(async () => {
      const valid = validatorOf(schema);
      await fc.assert(fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        if (valid(value)) return;
        refused(`${one.id}: ${JSON.stringify(value).slice(0, 200)}`, await send(JSON.stringify(value)));
      }), { numRuns: 40, seed: 7469, interruptAfterTimeLimit: 60_000 });
    }));
  }
});

describe('bad paths', () => {
  for (const one of operations.filter((op) => op.template.includes('{') && op.level !== 'callback')) {
    const own = [...one.template.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);

    test(`${one.id}: malformed, unknown and foreign ids are not found`, () => changesNothing(async () => {
      for (const name of own) {
        const values = { ...ids, tenant: callers.tenant.tenant.id };
        const bad = ['x', 'null', '0', '..', '%2e%2e', '%00', '%ff', "'--", 'a'.repeat(300), `${name}_01kamp5sw0fh4rjv2x0bq2mtjx`, `${name}_${'z'.repeat(26)}`, ...(['tenant', 'webhook'].includes(name) ? [] : [ids[name]])];
        for (const id of bad) {
          const body = one.body ? JSON.stringify(sampleOf(resolve(one.body.content['application/json'].schema))) : undefined;
          const answer = await callerOf(one).call(one.method, pathOf(one, { ...values, [name]: id }), {
            body, headers: { ...headersOf(one), ...(body ? { 'content-type': 'application/json' } : {}) }, unchecked: true });
          refused(`${one.id} ${name}=${id}`, answer);
          assert.ok([400, 404].includes(answer.status), `${one.id} ${name}=${id}: ${answer.status} ${answer.text}`);
        }
      }
    }));
  }
});

describe('bad queries', () => {
  for (const one of operations.filter((op) => op.parameters.some((parameter) => parameter.in === 'query'))) {
    test(`${one.id}: every bad parameter is named`, () => changesNothing(async () => {
      for (const [query, pointer] of [['limit=-1', '?limit'], ['limit=99999999999999999999', '?limit'], ['limit=0x10', '?limit'], ['limit=+5', '?limit'], ['cursor=%00', '?cursor'], ['cursor=%ff', '?cursor'], ['cursor=', '?cursor'], ['nonsense=1', '?nonsense']]) {
        refused(`${one.id}?${query}`, await callerOf(one).call(one.method, `${pathOf(one)}?${query}`), pointer);
      }
    }));
  }
});

describe('bad forms', () => {
  test('send_callback: every form without a good signature is refused', () => changesNothing(async () => {
    const [message] = await sandbox.messages();
    const path = new URL(message.callback).pathname;
    const forms = ['', '=', '&&&', 'a', 'a=%', 'a=%zz', 'a=%00', `a=${'x'.repeat(20000)}`, Array.from({ length: 3000 }, (_, i) => `k${i}=1`).join('&'), new URLSearchParams(fieldsOf(message, 'failed')).toString()];
    for (const body of forms) {
      refused(`callback ${body.slice(0, 30)}`, await callers.callback.call('POST', path, { body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': Buffer.alloc(20).toString('base64') } }));
    }
    refused('callback as JSON', await callers.callback.call('POST', path, { json: fieldsOf(message, 'failed') }));
  }));

  test('launch_redeem: every bad form leads nowhere', () => changesNothing(async () => {
    for (const body of ['', 'ticket', 'ticket=', `ticket=${'A'.repeat(42)}`, `ticket=${'A'.repeat(44)}`, 'ticket=%00', 'ticket=%', `ticket=${'%41'.repeat(43)}x`, 'ticket[]=x']) {
      const answer = await callers.host.call('POST', '/launch', { body, headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: null } });
      if (answer.status === 303) assert.deepEqual([answer.headers.location, answer.setCookies], ['/?problem=launch_expired', []], body);
      else refused(`launch ${body}`, answer);
    }
    refused('launch as JSON', await callers.host.call('POST', '/launch', { json: { ticket: 'x' } }));
    refused('launch oversize', await callers.host.call('POST', '/launch', { form: { ticket: 'x'.repeat(20000) } }));
  }));
});
