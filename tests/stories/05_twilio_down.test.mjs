// Goal: Twilio cannot be reached for a few seconds; the user is answered at once, other methods work, and the text comes once when Twilio is back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect } from '../harness/suite.mjs';
import { hurrySend, sendOf } from '../harness/sends.mjs';

const { stack, platform, sandbox, db } = await story({});
const store = await platform.store();
const postedTo = (number) => sandbox.ledger().filter((one) => one.to === number).length;

test('FLT-7 nobody listens at Twilio: queued, retried, delivered once', async () => {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await stack.sandboxProgram.stop();
  const { id, delivery } = expect(await browser.call('POST', '/api/second-step/send-code'), 202);
  assert.equal(delivery, 'queued');
  await stack.startSandbox();
  await hurrySend(db, id, 'delivered');
  assert.equal(postedTo(browser.number), 2, 'the text of the set-up and this one');
});

test('FLT-7 meanwhile another method lets the user in, and the text that nobody needs any more is never sent', async () => {
  const browser = await store.signedIn();
  const [code] = await browser.backupCodes();
  await store.relaunch(browser);
  await stack.sandboxProgram.stop();
  const { id } = expect(await browser.call('POST', '/api/second-step/send-code'), 202);
  expect(await browser.verify(code), 200);
  await stack.startSandbox();
  await hurrySend(db, id, 'expired', 'failed'); // which one depends on whether the refused post or the sign-in was recorded first
  assert.equal(postedTo(browser.number), 1);
});

test('FLT-7 Twilio stays away for the whole life of the code: the user is told, and it is never sent late', async () => {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await stack.sandboxProgram.stop();
  const { id } = expect(await browser.call('POST', '/api/second-step/send-code'), 202);
  await db.rows(`update app.challenges set expires_at = now() + interval '5 seconds' where app.typeid('challenge', challenge_id) = $1`, id);
  const send = await hurrySend(db, id, 'failed', 'expired');
  assert.ok(send.reason);
  await stack.startSandbox();
  assert.equal((await sendOf(db, id)).state, send.state);
  assert.equal(postedTo(browser.number), 1);
});
