// What leaves the house, and what a thief of the database would hold.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, Panel, Backend, expect, send, until, newNumber } from '../harness/suite.mjs';
import { checkSecurityHeaders } from '../harness/headers.mjs';
import { operations } from '../harness/contract.mjs';
import { runToEnd } from '../harness/process.mjs';

const { stack, platform, sandbox, db } = await suite({ edge: true });
const PG_DUMP = '/usr/lib/postgresql/15/bin/pg_dump';
const store = await platform.store();
const panelHost = stack.hosts(store.tenant.slug).panel;

// The same for everybody, so that whoever likes may keep it.
const PUBLIC = ['openapi_read', 'docs_read', 'docs_file', 'jwks_read'];

describe('headers on every route and error page', () => {
  const answers = async (port) => {
    const seen = [];
    for (const one of operations) {
      const host = stack.hosts(store.tenant.slug)[one.host];
      for (const method of [one.method, 'OPTIONS']) {
        const answer = await send({ port, method, host, path: one.template.replace(/\{[^}]+\}/g, 'x') });
        seen.push([`${method} ${one.template} → ${answer.status}`, answer, one.host === 'panel', PUBLIC.includes(one.id) && answer.status === 200]);
      }
    }
    for (const [method, host, path, body] of [['GET', panelHost, '/'], ['GET', panelHost, '/no/page'], ['GET', panelHost, '/assets/none.js'], ['POST', panelHost, '/none'], ['GET', 'evil.example', '/'],
      ['POST', stack.hosts().api, '/v1/tenants', 'x'.repeat(70_000)], ['GET', panelHost, '/api/none']]) {
      const answer = await send({ port, method, host, path, body });
      seen.push([`${method} ${host}${path} → ${answer.status}`, answer, host === panelHost]);
    }
    return seen;
  };

  test('at the server: the whole set, on every one', async () => {
    for (const [what, answer, panel, kept] of await answers(stack.ports.server)) checkSecurityHeaders(what, answer, { panel, asset: kept });
  });

  test('through the edge: no page may be framed, sniffed or cached, whoever answered', async () => {
    for (const [what, { headers, status, mediaType }, , kept] of await answers(stack.ports.http)) {
      assert.equal(headers['x-content-type-options'], 'nosniff', what);
      assert.match(headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/, what);
      if (!kept) assert.equal(headers['cache-control'], 'no-store', what);
      assert.match(headers['x-request-id'], /^request_[0-9a-z]{26}$/, what);
      if (status >= 400) assert.equal(mediaType, 'application/problem+json', what);
    }
  });

  test('through the edge: a path without its last slash is not found, and leads nowhere', async () => {
    for (const [host, path] of [[stack.hosts().api, '/v1'], [stack.hosts().hooks, '/hooks']]) {
      const answer = await send({ port: stack.ports.http, host, path });
      assert.deepEqual([answer.status, answer.mediaType, answer.headers.location], [404, 'application/problem+json', undefined], path);
    }
  });

  test('problems tell no secret of the house: no path, no SQL, no stack', async () => {
    for (const [what, { text, status }] of await answers(stack.ports.server)) {
      if (status >= 400) assert.ok(!/\/(home|root|work|tmp|usr)\/|select |postgres|\.c:\d|line \d+/i.test(text), `${what}: ${text}`);
    }
  });
});

describe('OOB-5 CRY-1 what a thief of the database holds', () => {
  test('no number, code, ticket, key, cookie, secret or backup code, in no notation', async () => {
    const number = newNumber();
    const browser = await store.launch();
    await browser.setUpPhone(number);
    await browser.setUpAuthenticator();
    const backups = await browser.backupCodes();
    const { ticket } = await store.ticket();
    const secrets = { number, ticket, key: store.key, platform: stack.platformKey, cookie: browser.cookies.get('__Host-sid'), totp: browser.secret, backup: backups[0], backup_bare: backups[0].replace('-', '') };
    const { out: dump } = await runToEnd(['sh', '-c', `${PG_DUMP} --data-only --inserts --host '${stack.cluster.socket}' --port ${stack.cluster.port} --username postgres ${stack.name}`]);
    assert.ok(dump.includes(store.tenant.slug));
    for (const [what, secret] of Object.entries(secrets)) {
      for (const [how, text] of Object.entries(notations(secret))) assert.ok(!dump.includes(text), `the dump holds the ${what}, ${how}`);
    }
  });

  test('CRY-1 a sealed value moved to another user or store does not open', async () => {
    const [ann, bob] = [await store.signedIn(), await store.signedIn()];
    for (const browser of [ann, bob]) await browser.setUpAuthenticator();
    await db.rows(`update app.authenticators a set secret_sealed = b.secret_sealed from app.authenticators b
                   join app.users u on u.user_id = b.user_id where u.external_id = $1
                    and a.user_id = (select user_id from app.users where external_id = $2)`, ann.externalId, bob.externalId);
    await store.relaunch(bob);
    const answer = await bob.verify(ann.totp(1));
    assert.ok(answer.status >= 400, `${answer.status}`);
    assert.equal((await bob.session()).state, 'second_step');
  });

  test('CRY-1 a number moved to another user is never texted', async () => {
    const [ann, bob] = [await store.signedIn(), await store.signedIn()];
    await db.rows(`update app.phones a set number_sealed = b.number_sealed from app.phones b join app.users u on u.user_id = b.user_id where u.external_id = $1
                    and a.user_id = (select user_id from app.users where external_id = $2)`, ann.externalId, bob.externalId);
    await store.relaunch(bob);
    const before = (await sandbox.messages()).length;
    const { id } = expect(await bob.call('POST', '/api/second-step/send-code'), 202);
    const ended = await until('the send to end', async () => {
      const challenge = (await bob.call('GET', `/api/challenges/${id}`)).json;
      return !['queued', 'sending'].includes(challenge.delivery) && challenge;
    });
    assert.equal(ended.delivery, 'failed');
    assert.equal((await sandbox.messages()).length, before);
  });
});

describe('LOG-1 the log', () => {
  test('has one line per request, with its id, route, status and times, and no control characters of the client', async () => {
    const browser = new Panel(stack, store.tenant.slug);
    const hostile = '/api/challenges/x%0a%7b%22level%22%3a%22forged%22%7d%1b%5b31m';
    const answer = await browser.call('GET', hostile, { unchecked: true, headers: { 'user-agent': 'a\u001b[31mb' } }).catch(() => undefined);
    await browser.call('GET', '/api/time');
    const id = (await browser.call('GET', '/api/session')).headers['x-request-id'];
    const line = await until('the line', () => stack.serverLog().split('\n').find((one) => one.includes(id)));
    const parsed = JSON.parse(line);
    assert.ok(Object.values(parsed).includes('session_read') || JSON.stringify(parsed).includes('session_read'), line);
    assert.ok(JSON.stringify(parsed).includes('401'), line);
    assert.ok(!stack.serverLog().includes('\u001b') && !/^\{"level":"forged"\}/m.test(stack.serverLog()), String(answer?.status));
  });
});

describe('FLT-17 replayed traffic', () => {
  test('a whole recorded sign-in, sent again twice, has no effect', async () => {
    const recorded = [];
    const own = await recording(recorded);
    await until('every text to be delivered', async () => (await db.value(`select count(*) from app.sends where due_at is not null`)) === 0);
    const before = await state(own);
    for (let round = 0; round < 2; round++) {
      for (const request of recorded) await send(request);
    }
    assert.deepEqual(await state(own), before);
    assert.ok(recorded.length > 12, `${recorded.length} requests`);
  });

  // A store from its making to a sign-out, every request kept.
  async function recording(recorded) {
    const keep = (caller) => {
      const seen = caller.seen?.bind(caller);
      caller.seen = (request, answer) => { recorded.push(request); seen?.(request, answer); };
      return caller;
    };
    const recorder = keep(Object.assign(Object.create(Object.getPrototypeOf(platform)), platform));
    const tenant = await recorder.tenant();
    const { secret } = await recorder.newKey(tenant);
    const shop = keep(Object.assign(Object.create(Object.getPrototypeOf(store)), store, { tenant, key: secret }));
    const browser = keep(new Panel(stack, tenant.slug));
    await shop.relaunch(browser);
    await browser.setUpPhone();
    await browser.setUpAuthenticator();
    await browser.backupCodes();
    await shop.relaunch(browser);
    await browser.secondStep({ remember_device: true });
    await browser.call('PATCH', '/api/profile', { json: { locale: 'de' } });
    await browser.call('DELETE', '/api/sessions');
    await browser.call('DELETE', '/api/session');
    return tenant;
  }

  async function state(tenant) {
    const { idempotency: _, events: __, ...tables } = await db.fingerprint();
    return { tables, messages: (await sandbox.messages()).length, tenant: (await platform.call('GET', `/v1/tenants/${tenant.id}`)).json };
  }

  test('API-2 a recorded creation of a key gives the first answer again and makes nothing', async () => {
    const tenant = await platform.tenant();
    const headers = { 'idempotency-key': 'recorded' };
    const first = expect(await platform.call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'x' }, headers }), 201);
    const again = expect(await platform.call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'x' }, headers }), 201);
    assert.equal(again.secret, first.secret);
    assert.equal((await platform.call('GET', `/v1/tenants/${tenant.id}/keys`)).json.items.length, 1);
  });

  test('another platform key does not get the answer that the first one got', async () => {
    const tenant = await platform.tenant();
    const key = stack.secret((await stack.tillgate('platform-key', 'create', '--name', 'other', stack.configFile)).out.trim());
    const headers = { 'idempotency-key': 'shared-word' };
    const first = expect(await platform.call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'x' }, headers }), 201);
    const other = expect(await new Backend(stack, key).call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'x' }, headers }), 201);
    assert.notEqual(other.id, first.id);
  });
});

function notations(secret) {
  const bytes = Buffer.from(secret);
  return { 'as it is': secret, 'in hexadecimal': bytes.toString('hex'), 'in base64': bytes.toString('base64').replace(/=+$/, '') };
}

test('the secrets themselves are where they belong, closed to others', () => {
  for (const name of ['root.keys', 'twilio-secret', 'twilio-auth-token']) assert.equal(fs.statSync(`${stack.run}/keys/${name}`).mode & 0o077, 0, name);
});
