import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { suite, problem, expect, newSlug } from '../harness/suite.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const post = (path, json, key, caller = platform) => caller.call('POST', path, { json, headers: { 'idempotency-key': key } });
const key = () => crypto.randomUUID();
const bare = ({ status, json, headers }) => ({ status, json, etag: headers.etag });

describe('API-2 Idempotency-Key', () => {
  test('is needed on every POST under /v1, and must be printable and short', async () => {
    const store = await platform.store();
    const posts = [[platform, '/v1/tenants'], [platform, `/v1/tenants/${store.tenant.id}/suspend`], [platform, `/v1/tenants/${store.tenant.id}/resume`],
      [platform, `/v1/tenants/${store.tenant.id}/keys`], [store, '/v1/launches']];
    for (const [caller, path] of posts) {
      for (const bad of [null, '', 'x'.repeat(256), 'caf\u00e9', 'a\tb']) problem(await post(path, {}, bad, caller), 400, 'idempotency_key_missing');
    }
  });

  test('the same request again gets the first answer, marked, and does nothing', async () => {
    const [id, json] = [key(), { slug: newSlug(), name: 'X', country: 'US' }];
    const first = await post('/v1/tenants', json, id);
    expect(first, 201);
    assert.equal(first.headers['idempotent-replayed'], undefined);
    const second = await post('/v1/tenants', json, id);
    assert.equal(second.headers['idempotent-replayed'], 'true');
    assert.deepEqual(bare(second), bare(first));
    assert.equal(await db.value('select count(*) from app.tenants where slug = $1', json.slug), 1);
  });

  test('a refusal that the database gave is given again as well', async () => {
    const tenant = await platform.tenant();
    const [id, json] = [key(), { slug: tenant.slug, name: 'X', country: 'US' }];
    problem(await post('/v1/tenants', json, id), 409, 'slug_taken');
    const again = await post('/v1/tenants', json, id);
    problem(again, 409, 'slug_taken');
    assert.equal(again.headers['idempotent-replayed'], 'true');
  });

  test('the same key with another body is refused', async () => {
    const id = key();
    expect(await post('/v1/tenants', { slug: newSlug(), name: 'X', country: 'US' }, id), 201);
    problem(await post('/v1/tenants', { slug: newSlug(), name: 'X', country: 'US' }, id), 422, 'idempotency_key_reused');
  });

  test('the same key at another tenant, or another endpoint, is another request', async () => {
    const [one, two] = [await platform.tenant(), await platform.tenant()];
    const id = key();
    const first = expect(await post(`/v1/tenants/${one.id}/keys`, { name: 'k' }, id), 201);
    const second = expect(await post(`/v1/tenants/${two.id}/keys`, { name: 'k' }, id), 201);
    assert.notEqual(first.id, second.id);
    expect(await post(`/v1/tenants/${one.id}/suspend`, { reason: 'k' }, id), 200);
  });

  test('a key\'s secret is shown again to the same request, and to no other', async () => {
    const tenant = await platform.tenant();
    const [id, json] = [key(), { name: 'k' }];
    const first = expect(await post(`/v1/tenants/${tenant.id}/keys`, json, id), 201);
    const again = expect(await post(`/v1/tenants/${tenant.id}/keys`, json, id), 201);
    assert.equal(again.secret, first.secret);
    const other = expect(await post(`/v1/tenants/${tenant.id}/keys`, json, key()), 201);
    assert.notEqual(other.secret, first.secret);
    assert.equal(await db.value(`select count(*) from app.tenant_keys k join app.tenants t using (tenant_id) where t.slug = $1`, tenant.slug), 2);
  });

  test('a launch\'s ticket is shown again to the same request', async () => {
    const store = await platform.store();
    const [id, json] = [key(), { user: { external_id: '1', name: 'A', role: 'admin' } }];
    const first = expect(await post('/v1/launches', json, id, store), 201);
    assert.equal(expect(await post('/v1/launches', json, id, store), 201).ticket, first.ticket);
  });

  test('raced, it has one effect and one answer', async () => {
    const tenant = await platform.tenant();
    const [id, json] = [key(), { name: 'raced' }];
    const answers = await Promise.all(Array.from({ length: 24 }, () => post(`/v1/tenants/${tenant.id}/keys`, json, id)));
    const made = answers.filter((one) => one.status === 201);
    assert.ok(made.length >= 1);
    for (const answer of answers.filter((one) => one.status !== 201)) problem(answer, 409, 'idempotency_key_in_use');
    assert.equal(new Set(made.map((one) => one.json.secret)).size, 1);
    assert.equal(await db.value(`select count(*) from app.tenant_keys k join app.tenants t using (tenant_id) where t.slug = $1`, tenant.slug), 1);
  });

  test('is forgotten after a day', async () => {
    const tenant = await platform.tenant();
    const [id, json] = [key(), { name: 'k' }];
    const first = expect(await post(`/v1/tenants/${tenant.id}/keys`, json, id), 201);
    await db.rows(`update app.idempotency set created_at = created_at - interval '24 hours 1 second' where idem_key = $1`, id);
    assert.notEqual(expect(await post(`/v1/tenants/${tenant.id}/keys`, json, id), 201).id, first.id);
  });
});
