// Key sets that a store publishes. The tests' server may reach this machine, as outbound_allow says; otherwise only public addresses.
import test, { describe, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { suite, Panel, expect, until } from '../harness/suite.mjs';
import { claimsOf, sign } from '../harness/tokens.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
let answer = () => {};
const asked = [];
const publisher = http.createServer((request, response) => {
  asked.push(request);
  answer(response);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => publisher.once('listening', resolve));
after(() => publisher.close());
const URL_OF_SET = `http://localhost:${publisher.address().port}/jwks.json`;

const store = await platform.store();
const path = `/v1/tenants/${store.tenant.id}/launch-keys`;
const keyOf = async (id) => expect(await platform.call('GET', path), 200).items.find((one) => one.id === id);
const pair = (kid) => ({ algorithm: 'EdDSA', kid, ...(({ privateKey, publicKey }) => ({ key: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', x5t: 'ignored' } }))(crypto.generateKeyPairSync('ed25519')) });
const publish = (...keys) => { answer = (response) => response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify({ keys })); };
const due = (id) => db.rows(`update app.launch_keys set fetch_due_at = now(), fetch_tried_at = now() - interval '61 seconds' where app.typeid('launch_key', launch_key_id) = $1`, id);
const later = (id) => db.rows(`update app.launch_keys set fetch_due_at = now() + interval '10 minutes', fetch_tried_at = now() - interval '61 seconds' where app.typeid('launch_key', launch_key_id) = $1`, id);
const launch = async (signer) => {
  const token = await sign(signer, claimsOf(store, `http://${stack.hosts(store.tenant.slug).panel}`));
  return (await new Panel(stack, store.tenant.slug).call('POST', '/launch', { form: { token }, headers: { origin: 'https://shop.example', 'x-requested-by': null, 'sec-fetch-site': 'cross-site' } })).headers.location;
};

describe('a set behind an address', () => {
  const [first, second, third] = [pair('one'), pair('two'), pair('three')];
  let made;

  test('is fetched by itself; its keys open sessions', async () => {
    publish(first.jwk, second.jwk);
    made = await platform.launchKey(store.tenant, { algorithm: 'EdDSA', jwks_url: URL_OF_SET });
    assert.deepEqual([made.kids, made.source, made.jwks_url], [[], 'jwks_url', URL_OF_SET]);
    const key = await until('the set to be read', async () => { const one = await keyOf(made.id); return one.fetched_at && one; });
    assert.deepEqual([key.kids, key.fetch_error], [['one', 'two'], null]);
    assert.equal(asked[0].headers.cookie ?? asked[0].headers.authorization, undefined);
    assert.equal(await launch(first), '/');
    assert.equal(await launch(second), '/');
  });

  test('an unknown kid is refused, and has it fetched again, at most once a minute', async () => {
    publish(second.jwk, third.jwk);
    const before = asked.length;
    assert.equal(await launch(third), '/?problem=launch_expired');
    assert.equal(asked.length, before, 'within the minute nothing is fetched');
    await later(made.id);
    assert.equal(await launch(third), '/?problem=launch_expired');
    await until('the set to be read again', async () => (await keyOf(made.id)).kids.includes('three'));
    assert.equal(asked.length, before + 1);
    assert.equal(await launch(third), '/');
    assert.equal(await launch(first), '/?problem=launch_expired', 'what the set dropped has ended');
  });

  const bad = {
    '/keys/0/d': (response) => response.end(JSON.stringify({ keys: [{ ...first.jwk, d: 'AAAA' }] })),
    '/keys/1/kid': (response) => response.end(JSON.stringify({ keys: [first.jwk, first.jwk] })),
    '/keys/0/use': (response) => response.end(JSON.stringify({ keys: [{ ...first.jwk, use: 'enc' }] })),
    '/keys/0/kty': (response) => response.end(JSON.stringify({ keys: [{ kty: 'oct', kid: 'x' }] })),
    '/keys/0/k': (response) => response.end(JSON.stringify({ keys: [{ kty: 'oct', kid: 'x', k: 'AAAA' }] })),
    '/keys': (response) => response.end(JSON.stringify({ keys: Array.from({ length: 11 }, (_, i) => ({ ...first.jwk, kid: `k${i}` })) })),
    no_json: (response) => response.end('{"keys":[],"keys":[]}'),
    unreachable: (response) => response.end(' '.repeat(70000)),
    status: (response) => response.writeHead(302, { location: URL_OF_SET }).end(),
  };
  for (const [why, how] of Object.entries(bad)) {
    test(`that answers what it should not (${why}) changes nothing`, async () => {
      answer = how;
      await db.rows(`update app.launch_keys set fetch_error = null where app.typeid('launch_key', launch_key_id) = $1`, made.id);
      await due(made.id);
      const key = await until('the fetch to fail', async () => { const one = await keyOf(made.id); return one.fetch_error && one; });
      assert.deepEqual([key.fetch_error, key.kids], [why, ['three', 'two']]);
    });
  }

  test('comes back', async () => {
    publish(third.jwk);
    await due(made.id);
    await until('the set to be read', async () => (await keyOf(made.id)).fetch_error === null);
    assert.deepEqual((await keyOf(made.id)).kids, ['three']);
  });
});
