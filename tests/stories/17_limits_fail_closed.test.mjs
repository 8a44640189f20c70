// Goal: when the limits cannot be counted no text goes out; codes that were sent can still be verified, and the other methods work.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber } from '../harness/suite.mjs';

const { platform, sandbox, db } = await story({});
const store = await platform.store();

test('THR-7 sending fails closed, verifying goes on', async () => {
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  const { id, code } = await browser.textMe('/api/phone/send-code', number);
  const other = await store.launch();
  const next = newNumber();
  await other.savePhone(next);

  await db.rows('alter table app.velocity rename to velocity_away');
  const answer = await other.call('POST', '/api/phone/send-code');
  assert.ok(answer.status >= 500, `${answer.status}`);
  expect(await browser.call('POST', '/api/phone/verify', { json: { code, challenge: id } }), 200);
  await browser.setUpAuthenticator();
  await db.rows('alter table app.velocity_away rename to velocity');

  assert.deepEqual(await sandbox.messagesTo(next), []);
  await other.textMe('/api/phone/send-code', next);
});
