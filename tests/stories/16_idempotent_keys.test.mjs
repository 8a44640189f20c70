// Goal: the platform's backend never got the answer and asks again, even after a restart: the same key, the same secret, one row.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, Store, expect } from '../harness/suite.mjs';

const { stack, platform, db } = await story({});

test('API-2 idempotent replay of key creation returns the same secret, which works', async () => {
  const tenant = await platform.tenant();
  const create = () => platform.call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'Shop' }, headers: { 'idempotency-key': 'create-shop-key' }, fresh: true });
  const first = expect(await create(), 201);
  stack.secret(first.secret);
  await stack.killServer();
  await stack.startServer();
  const answer = await create();
  assert.deepEqual([answer.headers['idempotent-replayed'], answer.json], ['true', first]);
  assert.equal(await db.value('select count(*) from app.tenant_keys'), 1);
  await new Store(stack, tenant, answer.json.secret).ticket();
  assert.equal(await db.value(`select count(*) from app.idempotency i where i.body::text like '%' || $1 || '%'`, first.secret), 0);
});
