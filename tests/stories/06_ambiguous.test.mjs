// Goal: Twilio took the text but we never heard so; it is not posted again, and the truth is found by callback, by list, or given up in time.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber } from '../harness/suite.mjs';
import { untilSend, hurrySend } from '../harness/sends.mjs';

const { platform, sandbox, db } = await story({});
const store = await platform.store();

async function ask(...faults) {
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  await sandbox.fault(...faults.map((fault) => ({ times: 1, ...fault, to: number })));
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return { browser, number, id };
}

const sentOnce = (number) => assert.equal(sandbox.ledger().filter((one) => one.to === number).length, 1);

for (const [what, fault] of Object.entries({
  '500 after it was taken': { kind: 'status', status: 500, accept: true },
  '503 after it was taken': { kind: 'status', status: 503, accept: true },
  'the connection dropped after it was taken': { kind: 'drop', when: 'after' },
})) {
  test(`FLT-9 ${what}: the callback tells, and it is sent once`, async () => {
    const { number, id } = await ask(fault);
    await untilSend(db, id, 'delivered');
    sentOnce(number);
  });

  test(`FLT-9 ${what}, and no callback: the list tells, and it is sent once`, async () => {
    const { number, id, browser } = await ask(fault, { kind: 'callbacks', none: true });
    await untilSend(db, id, 'ambiguous');
    assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).delivery, 'sending');
    await hurrySend(db, id, 'delivered');
    sentOnce(number);
  });
}

test('FLT-9 dropped before it was taken, or refused with 500: nobody knows, so nobody repeats; the user may', async () => {
  for (const fault of [{ kind: 'drop', when: 'before' }, { kind: 'status', status: 500 }]) {
    const { number, id, browser } = await ask(fault);
    await untilSend(db, id, 'ambiguous', 'unknown');
    await hurrySend(db, id, 'unknown');
    assert.equal(sandbox.ledger().filter((one) => one.to === number).length, 0);
    assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).delivery, 'unknown');
    await db.rows(`update app.challenges set resend_at = now() where app.typeid('challenge', challenge_id) = $1`, id);
    const { message } = await browser.textMe('/api/phone/send-code', number);
    assert.equal(message.to, number);
  }
});

test('a late callback makes even the unknown known', async () => {
  const { number, id } = await ask({ kind: 'status', status: 500, accept: true }, { kind: 'callbacks', none: true }, { kind: 'stall', at: 'queued' }, { kind: 'status', status: 500, op: 'list', times: 20 });
  await untilSend(db, id, 'ambiguous');
  await hurrySend(db, id, 'unknown');
  const [{ sid }] = await sandbox.messagesTo(number);
  await sandbox.callback(sid, 'delivered');
  await untilSend(db, id, 'delivered');
  sentOnce(number);
});
