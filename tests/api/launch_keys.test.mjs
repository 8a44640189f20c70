import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { suite, problem, expect, until } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'launch_key_01kamp5sw0fh4rjv2x0bq2mtjx';
const path = (tenant, key) => `/v1/tenants/${tenant.id}/launch-keys${key ? `/${key}` : ''}`;
const create = (tenant, json, headers) => platform.call('POST', path(tenant), { json: { name: 'Shop', ...json }, headers });
const rotate = (tenant, key, json) => platform.call('POST', `${path(tenant, key.id)}/rotate`, { json });
const revoke = (tenant, key) => platform.call('DELETE', path(tenant, key.id));
const list = async (tenant, query = '') => expect(await platform.call('GET', `${path(tenant)}${query}`), 200);

const KINDS = { EdDSA: ['ed25519'], ES256: ['ec', { namedCurve: 'P-256' }], RS256: ['rsa', { modulusLength: 2048 }] };
const pairOf = (algorithm) => crypto.generateKeyPairSync(...KINDS[algorithm]);
const jwkOf = (algorithm, more = {}) => ({ ...pairOf(algorithm).publicKey.export({ format: 'jwk' }), ...more });
const pemOf = (key, type = 'spki') => key.export({ format: 'pem', type });

describe('launch_key_create', () => {
  test('names bad fields', async () => {
    const tenant = await platform.tenant();
    problem(await create(tenant, { name: 7, mode: 'x' }), 422, 'body_invalid', '/algorithm', '/mode', '/name');
    problem(await create(tenant, { algorithm: 'none' }), 422, 'body_invalid', '/algorithm');
    problem(await create(tenant, { algorithm: 'PS256', jwk: jwkOf('RS256') }), 422, 'body_invalid', '/algorithm');
    problem(await create(tenant, { algorithm: 'EdDSA' }), 422, 'body_invalid', '/jwk');
    problem(await create(tenant, { algorithm: 'EdDSA', jwk: jwkOf('EdDSA'), jwks_url: 'https://shop.example/' }), 422, 'body_invalid', '/jwks_url');
    problem(await create(tenant, { algorithm: 'HS256', jwk: jwkOf('EdDSA') }), 422, 'body_invalid', '/jwk');
    problem(await create(tenant, { algorithm: 'EdDSA', secret: 'A'.repeat(43) }), 422, 'body_invalid', '/secret');
    problem(await create({ id: 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx' }, { algorithm: 'HS256' }), 404, 'not_found');
  });

  test('takes no private, weak, unfit or doubtful key', async () => {
    const tenant = await platform.tenant();
    const refused = async (json, ...pointers) => problem(await create(tenant, json), 422, 'body_invalid', ...pointers);
    for (const algorithm of Object.keys(KINDS)) {
      const { privateKey, publicKey } = pairOf(algorithm);
      const { d } = privateKey.export({ format: 'jwk' });
      await refused({ algorithm, jwk: { ...publicKey.export({ format: 'jwk' }), d } }, '/jwk/d');
      await refused({ algorithm, pem: pemOf(privateKey, 'pkcs8') }, '/pem');
      await refused({ algorithm, pem: `${pemOf(publicKey)}${pemOf(privateKey, 'pkcs8')}` }, '/pem');
      const other = algorithm === 'EdDSA' ? 'ES256' : 'EdDSA';
      await refused({ algorithm, jwk: jwkOf(other) }, '/jwk/kty');
      await refused({ algorithm, pem: pemOf(pairOf(other).publicKey) }, '/pem');
      await refused({ algorithm, jwk: jwkOf(algorithm, { use: 'enc' }) }, '/jwk/use');
      await refused({ algorithm, jwk: jwkOf(algorithm, { alg: other }) }, '/jwk/alg');
      await refused({ algorithm, jwk: jwkOf(algorithm, { key_ops: ['sign'] }) }, '/jwk/key_ops', '/jwk/key_ops/0');
      await refused({ algorithm, jwk: jwkOf(algorithm, { x5u: 'https://evil.example/' }) }, '/jwk/x5u');
      await refused({ algorithm, jwks: { keys: [jwkOf(algorithm)] } }, '/jwks/keys/0/kid');
      await refused({ algorithm, jwks: { keys: [jwkOf(algorithm, { kid: 'a' }), jwkOf(algorithm, { kid: 'a' })] } }, '/jwks/keys/1/kid');
      await refused({ algorithm, jwks: { keys: [{ ...jwkOf(algorithm, { kid: 'a' }), d }] } }, '/jwks/keys/0', '/jwks/keys/0/d');
    }
    const weak = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    await refused({ algorithm: 'RS256', pem: pemOf(weak) }, '/pem');
    await refused({ algorithm: 'RS256', pem: pemOf(crypto.generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey) }, '/pem');
    await refused({ algorithm: 'RS256', pem: pemOf(crypto.generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey) }, '/pem');
    await refused({ algorithm: 'ES256', pem: pemOf(crypto.generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey) }, '/pem');
    await refused({ algorithm: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: `${'A'.repeat(43)}` } }, '/jwk');
    const keys = Array.from({ length: 11 }, (_, i) => jwkOf('EdDSA', { kid: `k${i}` }));
    await refused({ algorithm: 'EdDSA', jwks: { keys } }, '/jwks/keys');
    for (const secret of ['A'.repeat(42), 'A'.repeat(87), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}B`, 'A'.repeat(45)]) await refused({ algorithm: 'HS256', secret }, '/secret');
    for (const jwks_url of ['http://shop.example/jwks', 'ftp://shop.example/', 'https://user@shop.example/', 'https://shop.example/#x', 'shop.example', 'file:///etc/passwd'])
      await refused({ algorithm: 'EdDSA', jwks_url }, '/jwks_url');
    assert.equal(await db.value(`select count(*)::int from app.launch_keys k join app.tenants t using (tenant_id) where t.slug = $1`, tenant.slug), 0);
  });

  test('AZ-3 a drawn secret is shown once, a given one never, and both are kept sealed', async () => {
    const tenant = await platform.tenant();
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const drawn = expect(await create(tenant, { algorithm: 'HS256' }, headers), 201);
    assert.match(drawn.secret, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(drawn.kids, [drawn.id]);
    const again = await create(tenant, { algorithm: 'HS256' }, headers);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(expect(again, 201).secret, drawn.secret);
    const secret = crypto.randomBytes(40).toString('base64url');
    const given = expect(await create(tenant, { algorithm: 'HS256', secret }), 201);
    assert.ok(!('secret' in given));
    const shown = JSON.stringify(await list(tenant));
    assert.ok(!shown.includes(secret) && !shown.includes(drawn.secret));
    const kept = await db.value(`select string_agg(to_jsonb(k)::text, '') || string_agg(encode(secret_sealed, 'escape'), '') from app.launch_keys k join app.tenants t using (tenant_id) where t.slug = $1`, tenant.slug);
    assert.ok(!kept.includes(secret) && !kept.includes(drawn.secret));
  });

  test('a key is called by its own kid, or by the id of its launch key', async () => {
    const tenant = await platform.tenant();
    for (const algorithm of Object.keys(KINDS)) {
      assert.deepEqual(expect(await create(tenant, { algorithm, jwk: jwkOf(algorithm, { kid: `of ${algorithm}`.replace(' ', '/'), use: 'sig', alg: algorithm, key_ops: ['verify'] }) }), 201).kids, [`of/${algorithm}`]);
      const made = expect(await create(tenant, { algorithm, pem: pemOf(pairOf(algorithm).publicKey) }), 201);
      assert.deepEqual([made.kids, made.source, made.algorithm], [[made.id], 'pem', algorithm]);
    }
    assert.deepEqual(expect(await create(tenant, { algorithm: 'ES256', jwks: { keys: [jwkOf('ES256', { kid: 'a' }), jwkOf('ES256', { kid: 'b' })] } }), 201).kids, ['a', 'b']);
    problem(await create(tenant, { algorithm: 'EdDSA', jwk: jwkOf('EdDSA', { kid: 'a' }) }), 409, 'kid_taken');
    expect(await create(await platform.tenant(), { algorithm: 'EdDSA', jwk: jwkOf('EdDSA', { kid: 'a' }) }), 201);
  });

  test('a store has at most ten in force, however many ask at once', async () => {
    const tenant = await platform.tenant();
    const answers = await Promise.all(Array.from({ length: 13 }, () => create(tenant, { algorithm: 'HS256' })));
    assert.equal(answers.filter((one) => one.status === 201).length, 10);
    for (const answer of answers.filter((one) => one.status !== 201)) problem(answer, 409, 'too_many_keys');
    expect(await revoke(tenant, answers.find((one) => one.status === 201).json), 204);
    expect(await create(tenant, { algorithm: 'HS256' }), 201);
  });
});

describe('launch_key_rotate', () => {
  test('names bad fields; what is unknown or foreign is not found; a revoked key has ended', async () => {
    const [tenant, other] = [await platform.tenant(), await platform.tenant()];
    const key = await platform.launchKey(tenant);
    problem(await rotate(tenant, key, { algorithm: 'HS256', grace_seconds: 604801, mode: 'live' }), 422, 'body_invalid', '/grace_seconds', '/mode');
    problem(await rotate(tenant, key, { algorithm: 'HS256', grace_seconds: -1 }), 422, 'body_invalid', '/grace_seconds');
    problem(await rotate(tenant, key, {}), 422, 'body_invalid', '/algorithm');
    for (const id of [UNKNOWN, key.id]) problem(await rotate(id === UNKNOWN ? tenant : other, { id }, { algorithm: 'HS256' }), 404, 'not_found');
    await revoke(tenant, key);
    problem(await rotate(tenant, key, { algorithm: 'HS256' }), 409, 'key_ended');
  });

  test('the old key ends after its grace, the new one has its name and mode', async () => {
    const tenant = await platform.tenant();
    const old = await platform.launchKey(tenant, { algorithm: 'RS256', name: 'Old one', mode: 'test', jwk: jwkOf('RS256', { kid: 'r' }) });
    const made = expect(await rotate(tenant, old, { algorithm: 'EdDSA', grace_seconds: 3600, jwk: jwkOf('EdDSA', { kid: 'e' }) }), 201);
    assert.deepEqual([made.name, made.mode, made.algorithm, made.expires_at], ['Old one', 'test', 'EdDSA', null]);
    const [first, second] = (await list(tenant)).items;
    assert.equal(second.id, made.id);
    assert.deepEqual([first.kids, first.revoked_at], [['r'], null]);
    assert.equal(Date.parse(first.expires_at) - Date.parse(made.created_at), 3600_000);
    expect(await rotate(tenant, made, { algorithm: 'HS256', name: 'New name' }), 201);
    const after = (await list(tenant)).items;
    assert.deepEqual(after.map((one) => [one.name, one.revoked_at !== null, one.kids.length]), [['Old one', false, 1], ['Old one', true, 0], ['New name', false, 1]]);
  });
});

describe('launch_key_list and launch_key_revoke', () => {
  test('pages, oldest first, revoked ones too; another store sees none', async () => {
    const tenant = await platform.tenant();
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await platform.launchKey(tenant)).id);
    expect(await revoke(tenant, { id: made[1] }), 204);
    expect(await revoke(tenant, { id: made[1] }), 204);
    const first = await list(tenant, '?limit=2');
    const second = await list(tenant, `?limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual([...first.items, ...second.items].map((one) => [one.id, one.revoked_at !== null]), made.map((id, i) => [id, i === 1]));
    assert.equal(second.next_cursor, null);
    const other = await platform.tenant();
    assert.deepEqual((await list(other)).items, []);
    for (const id of [made[0], UNKNOWN]) problem(await revoke(other, { id }), 404, 'not_found');
    problem(await platform.call('GET', `${path(tenant)}?cursor=x&y=1`), 422, 'body_invalid', '?cursor', '?y');
  });

  test('a set that leads to an inner address is refused when it is connected to, and the list says so', async () => {
    const tenant = await platform.tenant();
    const key = await platform.launchKey(tenant, { algorithm: 'EdDSA', jwks_url: 'https://10.11.12.13/jwks.json' });
    assert.deepEqual([key.kids, key.fetched_at], [[], null]);
    const seen = await until('the set was looked for', async () => (await list(tenant)).items.find((one) => one.fetch_error));
    assert.equal(seen.fetch_error, 'address_refused');
  });
});
