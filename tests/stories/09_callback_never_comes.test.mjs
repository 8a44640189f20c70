// Goal: Twilio never calls back; we ask it ourselves, and no text stays undecided.
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
  await sandbox.fault({ kind: 'callbacks', none: true, to: number }, ...faults.map((fault) => ({ to: number, ...fault })));
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return { browser, number, id };
}

test('FLT-11 delivered without a word: asking tells', async () => {
  const { id } = await ask();
  await untilSend(db, id, 'accepted', 'sent');
  await hurrySend(db, id, 'delivered');
});

test('FLT-11 failed without a word: asking tells why', async () => {
  const { id, browser } = await ask({ kind: 'outcome', status: 'undelivered', error_code: 30003 });
  await untilSend(db, id, 'accepted');
  await hurrySend(db, id, 'undelivered');
  const challenge = expect(await browser.call('GET', `/api/challenges/${id}`), 200);
  assert.equal(challenge.reason, 'unreachable');
});

test('FLT-11 stuck at Twilio for ever: unknown in the end, and still one text', async () => {
  const { id, number, browser } = await ask({ kind: 'stall', at: 'queued' });
  await untilSend(db, id, 'accepted');
  await hurrySend(db, id, 'unknown');
  assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).delivery, 'unknown');
  assert.equal(sandbox.ledger().filter((one) => one.to === number).length, 1);
});

test('FLT-12 callbacks twice, last first, late and forged: it ends delivered, once', async () => {
  for (const calls of [{ duplicate: 5 }, { reorder: true }, { reorder: true, duplicate: 3 }, { delay: 1500 }]) {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await sandbox.fault({ kind: 'callbacks', to: number, ...calls });
    const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
    await untilSend(db, id, 'delivered');
  }
  const { id } = await (async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await sandbox.fault({ kind: 'callbacks', wrong_signature: true, to: number });
    return expect(await browser.call('POST', '/api/phone/send-code'), 202);
  })();
  assert.equal((await untilSend(db, id, 'accepted')).state, 'accepted');
  await hurrySend(db, id, 'delivered');
});
