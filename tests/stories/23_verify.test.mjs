// Goal: the other provider, Twilio Verify, sends our own codes; nobody calls back, so its attempts are asked about, and their price.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, until, newNumber } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';
import { hurrySend, untilSend } from '../harness/sends.mjs';

const { platform, sandbox, db } = await story({ config: ['provider = verify'] });
const store = await platform.store();

async function ask(number = newNumber(), ...faults) {
  await sandbox.fault(...faults.map((fault) => ({ to: number, ...fault })));
  const browser = await store.launch({ user: { external_id: number, name: 'A', role: 'admin' } });
  await browser.savePhone(number);
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return { browser, id, number };
}

const codeOf = (message) => message.parameters.CustomCode;

test('our code arrives, signs in, and a resend is another attempt with the same code', async () => {
  const { browser, id, number } = await ask();
  await untilSend(db, id, 'accepted');
  const [first] = await sandbox.messagesTo(number);
  assert.match(first.sid, /^VL[0-9a-f]{32}$/);
  assert.deepEqual([first.parameters.Channel, first.parameters.To, first.body.includes(codeOf(first))], ['sms', number, true]);
  await hurrySend(db, id, 'delivered');
  await pass(db, browser, '61 seconds');
  expect(await browser.call('POST', '/api/phone/send-code'), 202);
  const second = await sandbox.nextMessage(number, 1);
  assert.equal(codeOf(second), codeOf(first));
  assert.notEqual(second.sid, first.sid);
  expect(await browser.call('POST', '/api/phone/verify', { json: { code: codeOf(first), challenge: id } }), 200);
});

test('what became of it, and what it cost, is asked', async () => {
  const { id } = await ask(`${newNumber().slice(0, -5)}30005`);
  const send = await hurrySend(db, id, 'undelivered');
  assert.equal(send.error_code, 30005);
  const money = await until('the price', async () => {
    await db.rows(`update app.sends set price_due_at = now() where price_due_at is not null`);
    const one = await db.row(`select money_state, price_micros from app.sends where sid = $1`, send.sid);
    return one.money_state === 'settled' && one;
  }, { pause: 300 });
  assert.equal(money.price_micros, 7900);
});

test('a lost answer is found among the attempts, and not posted again', async () => {
  const { id, number } = await ask(newNumber(), { kind: 'drop', when: 'after', times: 1 });
  await hurrySend(db, id, 'accepted', 'sent', 'delivered');
  assert.equal((await sandbox.messagesTo(number)).length, 1);
});

for (const [code, reason] of [[60200, 'number_invalid'], [60203, 'provider_down'], [60410, 'fraud'], [60605, 'region_off']]) {
  test(`${code}: refused, ${reason}, and paid back`, async () => {
    const { browser, id } = await ask(`${newNumber().slice(0, -5)}${code}`);
    const send = await untilSend(db, id, 'failed', 'refused');
    assert.equal(send.reason, reason);
    assert.equal((await browser.call('GET', `/api/challenges/${id}`)).json.reason, reason);
    assert.equal(await db.value(`select s.money_state from app.sends s join app.challenges c using (tenant_id, challenge_id)
                                  where app.typeid('challenge', c.challenge_id) = $1`, id), 'released');
  });
}

test('60212, too many at once: again soon', async () => {
  const { id } = await ask(newNumber(), { kind: 'status', status: 429, code: 60212, times: 1 });
  assert.equal((await hurrySend(db, id, 'delivered')).attempts, 2);
});
