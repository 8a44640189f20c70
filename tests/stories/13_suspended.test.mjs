// Goal: the platform suspends a store while its admins work; from the next request on nobody of it is in, and nothing more is texted for it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber, until } from '../harness/suite.mjs';
import { sendOf } from '../harness/sends.mjs';

const { stack, platform, sandbox, db } = await story({});

test('SES-4 every request of the store after the suspension is refused; the neighbour notices nothing', async () => {
  const [store, neighbour] = [await platform.store(), await platform.store()];
  const [browser, other] = [await store.signedIn(), await neighbour.signedIn()];
  let suspended = false;
  const seen = [];
  const busy = Promise.all(Array.from({ length: 6 }, async () => {
    for (let i = 0; i < 40; i++) {
      const after = suspended;
      const { status } = await browser.call('GET', '/api/session', { fresh: true });
      seen.push([after, status]);
      assert.equal((await other.call('GET', '/api/session')).status, 200);
    }
  }));
  expect(await platform.suspend(store.tenant), 200);
  suspended = true;
  await busy;
  assert.deepEqual(seen.filter(([after, status]) => after && status === 200), []);
  assert.ok(seen.some(([after]) => after));
});

test('a text that waits is not sent any more', async () => {
  const store = await platform.store();
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  await stack.sandboxProgram.stop();
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  await platform.suspend(store.tenant);
  await stack.startSandbox();
  await until('the send to end', async () => {
    await db.rows(`update app.sends set due_at = now() where due_at is not null and app.typeid('tenant', tenant_id) = $1`, store.tenant.id);
    return ['expired', 'failed'].includes((await sendOf(db, id)).state);
  });
  assert.equal(sandbox.ledger().filter((one) => one.to === number).length, 0);
});
