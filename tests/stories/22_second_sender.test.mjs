// Goal: when the first messaging service certainly cannot send a text, the second one does, once; when nobody knows, none does.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber } from '../harness/suite.mjs';
import { sendOf, untilSend, hurrySend } from '../harness/sends.mjs';

const FIRST = `MG7469${'0'.repeat(28)}`;
const SECOND = `MG7470${'0'.repeat(28)}`;
const { platform, sandbox, db } = await story({ config: [`twilio_messaging_service = ${FIRST} ${SECOND}`] });
const store = await platform.store();

async function ask(...faults) {
  await sandbox.faultless();
  const number = newNumber();
  await sandbox.fault(...faults.map((fault) => ({ to: number, ...fault })));
  const browser = await store.launch({ user: { external_id: number, name: 'A', role: 'admin' } });
  await browser.savePhone(number);
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return { id, number };
}

test('the first sender cannot text: the second one does', async () => {
  const { id, number } = await ask({ kind: 'status', status: 400, code: 21606, service: FIRST });
  await untilSend(db, id, 'delivered');
  const [message, ...more] = await sandbox.messagesTo(number);
  assert.deepEqual([message.messaging_service_sid, more], [SECOND, []]);
  assert.equal(await db.value(`select s.sender from app.sends s where s.sid = $1`, message.sid), SECOND);
});

test('its queue is full: the second one does, without waiting', async () => {
  const { id, number } = await ask({ kind: 'status', status: 429, code: 21611, service: FIRST });
  await untilSend(db, id, 'delivered');
  assert.equal((await sandbox.messagesTo(number))[0].messaging_service_sid, SECOND);
});

test('both cannot: it ends there, after one post each', async () => {
  const { id, number } = await ask({ kind: 'status', status: 400, code: 21606 });
  const send = await untilSend(db, id, 'failed', 'refused');
  assert.equal(send.attempts, 2);
  assert.deepEqual(await sandbox.messagesTo(number), []);
});

test('a number that opted out is left alone by the second, too', async () => {
  const { id, number } = await ask({ kind: 'status', status: 400, code: 21610, service: FIRST });
  await untilSend(db, id, 'failed', 'refused');
  assert.equal((await sendOf(db, id)).attempts, 1);
  assert.deepEqual(await sandbox.messagesTo(number), []);
});

test('nobody knows whether the first one sent it: it never moves', async () => {
  for (const fault of [{ kind: 'drop', when: 'after' }, { kind: 'status', status: 502, accept: true }, { kind: 'garbage', accept: true }]) {
    const { id, number } = await ask({ ...fault, service: FIRST, times: 1 });
    await hurrySend(db, id, 'accepted', 'sent', 'delivered', 'unknown');
    const messages = await sandbox.messagesTo(number);
    assert.deepEqual(messages.map((one) => one.messaging_service_sid), [FIRST]);
  }
});
