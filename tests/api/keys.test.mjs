import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { suite, Backend, Store, problem, expect } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'key_01kamp5sw0fh4rjv2x0bq2mtjx';
const create = (tenant, json, headers) => platform.call('POST', `/v1/tenants/${tenant.id}/keys`, { json, headers });
const list = async (tenant, query = '') => expect(await platform.call('GET', `/v1/tenants/${tenant.id}/keys${query}`), 200);
const launchBody = { user: { external_id: '1', name: 'Ann', role: 'admin' } };

describe('key_create', () => {
  test('names bad fields', async () => {
    const tenant = await platform.tenant();
    problem(await create(tenant, { mode: 'prod', scope: 'all' }), 422, 'body_invalid', '/name', '/mode', '/scope');
    for (const scopes of [[], ['everything'], ['launches', 'launches'], 'launches']) problem(await create(tenant, { name: 'x', scopes }), 422, 'body_invalid', ...(Array.isArray(scopes) && scopes[0] === 'everything' ? ['/scopes/0'] : ['/scopes']));
    problem(await create(tenant, { name: 'x'.repeat(81) }), 422, 'body_invalid', '/name');
  });

  test('an unknown tenant is not found', async () => {
    problem(await create({ id: 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx' }, { name: 'x' }), 404, 'not_found');
  });

  test('a tenant has at most ten keys in force, however many ask at once', async () => {
    const tenant = await platform.tenant();
    const answers = await Promise.all(Array.from({ length: 14 }, (_, i) => create(tenant, { name: `k${i}` })));
    assert.equal(answers.filter((one) => one.status === 201).length, 10);
    for (const answer of answers.filter((one) => one.status !== 201)) problem(answer, 409, 'too_many_keys');
    expect(await platform.call('DELETE', `/v1/tenants/${tenant.id}/keys/${answers.find((one) => one.status === 201).json.id}`), 204);
    expect(await create(tenant, { name: 'room again' }), 201);
  });

  test('API-1 the secret is shown once, has the visible prefix, and only its hash is stored', async () => {
    const tenant = await platform.tenant();
    const { secret, prefix, id } = expect(await create(tenant, { name: 'Shop' }), 201);
    assert.match(secret, /^tgt_live_[0-9a-z]{26}[0-9A-Za-z_-]{43}$/);
    assert.equal(secret.slice(9, 35), tenant.id.slice('tenant_'.length));
    assert.equal(prefix, `tgt_live_${secret.slice(35, 41)}`);
    assert.ok(!JSON.stringify(await list(tenant)).includes(secret.slice(41)));
    const hash = await db.value(`select encode(key_hash, 'hex') from app.tenant_keys where app.typeid('key', key_id) = $1`, id);
    assert.equal(hash, crypto.createHash('sha256').update(secret).digest('hex'));
  });

  test('a test key says so', async () => {
    const tenant = await platform.tenant();
    const key = expect(await create(tenant, { name: 'Staging', mode: 'test' }), 201);
    assert.equal(key.mode, 'test');
    assert.match(key.secret, /^tgt_test_/);
  });

  test('two keys work side by side', async () => {
    const tenant = await platform.tenant();
    for (let i = 0; i < 2; i++) {
      const store = new Store(stack, tenant, (await platform.newKey(tenant)).secret);
      expect(await store.call('POST', '/v1/launches', { json: launchBody }), 201);
    }
  });
});

describe('key_list', () => {
  test('shows revoked keys too, in pages, and never a secret', async () => {
    const tenant = await platform.tenant();
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await platform.newKey(tenant, { name: `k${i}` })).id);
    await platform.call('DELETE', `/v1/tenants/${tenant.id}/keys/${made[1]}`);
    const first = await list(tenant, '?limit=2');
    const second = await list(tenant, `?limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual([...first.items, ...second.items].map((one) => one.id), made);
    assert.equal(second.next_cursor, null);
    assert.deepEqual([...first.items, ...second.items].map((one) => one.revoked_at !== null), [false, true, false]);
  });

  test('refuses a bad query', async () => {
    const tenant = await platform.tenant();
    problem(await platform.call('GET', `/v1/tenants/${tenant.id}/keys?cursor=x`), 422, 'body_invalid', '?cursor');
    problem(await platform.call('GET', `/v1/tenants/${tenant.id}/keys?limit=201&x=1`), 422, 'body_invalid', '?limit', '?x');
  });

  test('last_used_at tells that a key was used', async () => {
    const store = await platform.store();
    assert.equal((await list(store.tenant)).items[0].last_used_at, null);
    await store.ticket();
    assert.notEqual((await list(store.tenant)).items[0].last_used_at, null);
  });
});

describe('key_revoke', () => {
  test('unknown keys and keys of another tenant are not found', async () => {
    const [mine, other] = [await platform.tenant(), await platform.tenant()];
    const key = await platform.newKey(other);
    for (const id of [UNKNOWN, 'x', key.id]) problem(await platform.call('DELETE', `/v1/tenants/${mine.id}/keys/${id}`), 404, 'not_found');
    assert.equal((await list(other)).items[0].revoked_at, null);
  });

  test('a revoked key is refused at once; revoking twice is fine', async () => {
    const store = await platform.store();
    const [{ id }] = (await list(store.tenant)).items;
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/keys/${id}`), 204);
    problem(await store.call('POST', '/v1/launches', { json: launchBody }), 401, 'key_refused');
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/keys/${id}`), 204);
  });
});

describe('key_rotate', () => {
  const rotate = (tenant, id, json, headers) => platform.call('POST', `/v1/tenants/${tenant.id}/keys/${id}/rotate`, { json, headers });
  const works = async (tenant, secret) => (await new Store(stack, tenant, secret).call('POST', '/v1/launches', { json: launchBody })).status === 201;
  const expire = (id) => db.rows(`update app.tenant_keys set expires_at = now() - interval '1 second' where app.typeid('key', key_id) = $1`, id);

  test('names bad fields; unknown keys, and keys of another store, are not found', async () => {
    const [tenant, other] = [await platform.tenant(), await platform.tenant()];
    const [key, foreign] = [await platform.newKey(tenant), await platform.newKey(other)];
    for (const grace_seconds of [-1, 604801, '1']) problem(await rotate(tenant, key.id, { grace_seconds, name: 'x' }), 422, 'body_invalid', '/grace_seconds', '/name');
    for (const id of [UNKNOWN, 'x', foreign.id]) problem(await rotate(tenant, id, {}), 404, 'not_found');
    problem(await rotate({ id: 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx' }, key.id, {}), 404, 'not_found');
    assert.equal((await list(other)).items.length, 1);
  });

  test('without grace the old key ends at once, the new one has its name, mode and scopes', async () => {
    const tenant = await platform.tenant();
    for (const mode of ['live', 'test']) {
      const old = await platform.newKey(tenant, { name: `the ${mode} one`, mode });
      const fresh = expect(await rotate(tenant, old.id, {}), 201);
      stack.secret(fresh.secret);
      assert.deepEqual([fresh.name, fresh.mode, fresh.scopes, fresh.expires_at], [old.name, mode, ['launches'], null]);
      assert.ok(fresh.secret.startsWith(`tgt_${mode}_`) && fresh.secret.startsWith(fresh.prefix.slice(0, 9)));
      assert.deepEqual([await works(tenant, old.secret), await works(tenant, fresh.secret)], [false, true]);
      const listed = (await list(tenant)).items.find((one) => one.id === old.id);
      assert.equal(listed.replaced_by, fresh.id);
      assert.notEqual(listed.revoked_at, null);
    }
  });

  test('with grace two are in force, never three, until the grace is over', async () => {
    const tenant = await platform.tenant();
    const keys = [await platform.newKey(tenant)];
    for (let i = 0; i < 2; i++) {
      keys.push(expect(await rotate(tenant, keys[i].id, { grace_seconds: 3600 }), 201));
      stack.secret(keys[i + 1].secret);
    }
    assert.deepEqual(await Promise.all(keys.map((one) => works(tenant, one.secret))), [false, true, true]);
    const [, second] = (await list(tenant)).items;
    assert.ok(Math.abs(Date.parse(second.expires_at) - Date.now() - 3_600_000) < 60_000);
    await expire(keys[1].id);
    assert.deepEqual(await Promise.all(keys.map((one) => works(tenant, one.secret))), [false, false, true]);
  });

  test('a key is rotated once: not again, not after its end, and of many at once one wins', async () => {
    const tenant = await platform.tenant();
    const key = await platform.newKey(tenant);
    const answers = await Promise.all(Array.from({ length: 6 }, () => rotate(tenant, key.id, { grace_seconds: 60 })));
    assert.equal(answers.filter((one) => one.status === 201).length, 1);
    for (const one of answers.filter(({ status }) => status !== 201)) problem(one, 409, 'key_ended');
    const revoked = await platform.newKey(tenant);
    expect(await platform.call('DELETE', `/v1/tenants/${tenant.id}/keys/${revoked.id}`), 204);
    problem(await rotate(tenant, revoked.id, {}), 409, 'key_ended');
  });

  test('the same Idempotency-Key gets the same secret again', async () => {
    const tenant = await platform.tenant();
    const key = await platform.newKey(tenant);
    const once = () => rotate(tenant, key.id, {}, { 'idempotency-key': `rotate ${key.id}` });
    const [one, again] = [await once(), await once()];
    assert.equal(expect(one, 201).secret, expect(again, 201).secret);
    stack.secret(one.json.secret);
  });

  test('a test key rotates no live one', async () => {
    const tenant = await platform.tenant();
    const [live, test] = [await platform.newKey(tenant), await platform.newKey(tenant, { mode: 'test' })];
    const key = stack.secret((await stack.tillgate('platform-key', 'create', '--name', 'tests only', '--test', stack.configFile)).out.trim());
    const caller = new Backend(stack, key);
    problem(await caller.call('POST', `/v1/tenants/${tenant.id}/keys/${live.id}/rotate`, { json: {} }), 403, 'live_key_required');
    assert.equal(await works(tenant, live.secret), true);
    stack.secret(expect(await caller.call('POST', `/v1/tenants/${tenant.id}/keys/${test.id}/rotate`, { json: {} }), 201).secret);
  });

  test('a key that was replaced leaves room for another', async () => {
    const tenant = await platform.tenant();
    const keys = [];
    for (let i = 0; i < 10; i++) keys.push(await platform.newKey(tenant));
    problem(await create(tenant, { name: 'x' }), 409, 'too_many_keys');
    stack.secret(expect(await rotate(tenant, keys[0].id, { grace_seconds: 604800 }), 201).secret);
    problem(await create(tenant, { name: 'x' }), 409, 'too_many_keys');
  });
});

describe('keys as credentials', () => {
  test('a key for another tenant, with a wrong secret or with other letters is refused', async () => {
    const [one, two] = [await platform.store(), await platform.store()];
    const swapped = one.key.slice(0, 9) + two.key.slice(9, 35) + one.key.slice(35);
    const cases = [swapped, `${one.key.slice(0, -1)}${one.key.endsWith('A') ? 'B' : 'A'}`, one.key.replace('live', 'test'), one.key.toUpperCase(), ` ${one.key}`, one.key.slice(0, -1)];
    for (const key of cases) problem(await new Backend(stack, key).call('POST', '/v1/launches', { json: launchBody }), 401, 'key_refused');
  });

  test('a platform key may do what its scopes say, and the command knows them', async () => {
    const key = stack.secret((await stack.tillgate('platform-key', 'create', '--name', 'reader', '--scope', 'tenants:read', '--scope', 'users:read', stack.configFile)).out.trim());
    const reader = new Backend(stack, key);
    expect(await reader.call('GET', '/v1/tenants?limit=1'), 200);
    const refused = problem(await reader.call('POST', '/v1/tenants', { json: { slug: 'abc-def', name: 'x', country: 'US' } }), 403, 'scope_missing');
    assert.equal(refused.scope, 'tenants:write');
    assert.equal(await db.value(`select last_used_at is not null from app.platform_keys where name = 'reader'`), true);
    assert.match((await stack.tillgate('platform-key', 'list', stack.configFile)).out, /reader.* tenants:read users:read\n/);
    await assert.rejects(stack.tillgate('platform-key', 'create', '--name', 'x', '--scope', 'everything', stack.configFile), /everything is no scope/);
  });

  test('a platform key revoked by the operator is refused', async () => {
    const key = (await stack.tillgate('platform-key', 'create', '--name', 'short-lived', stack.configFile)).out.trim();
    stack.secret(key);
    const other = new Backend(stack, key);
    expect(await other.call('GET', '/v1/tenants?limit=1'), 200);
    const listed = (await stack.tillgate('platform-key', 'list', stack.configFile)).out;
    assert.ok(!listed.includes(key), 'the list shows a secret');
    const id = await db.value(`select app.typeid('key', key_id) from app.platform_keys where name = 'short-lived'`);
    await stack.tillgate('platform-key', 'revoke', '--key', id, stack.configFile);
    problem(await other.call('GET', '/v1/tenants?limit=1'), 401, 'key_refused');
  });
});
