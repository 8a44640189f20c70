// Goal: a text is charged what it was reserved for until Twilio says what it really cost; the ledger tells both, and a price in another
// currency is never taken.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, until, newNumber } from '../harness/suite.mjs';
import { sendOf, untilSend } from '../harness/sends.mjs';

const { platform, stack, sandbox, db } = await story({});

const lines = async (store) => (await platform.call('GET', `/v1/tenants/${store.tenant.id}/ledger`)).json.items;
const moneyOf = async (challenge) => db.row(
  `select s.money_state, s.price_micros, s.reserved_micros from app.sends s join app.challenges c using (tenant_id, challenge_id)
    where app.typeid('challenge', c.challenge_id) = $1`, challenge);

// Asked for now, not in a minute.
async function settled(challenge, ...states) {
  return until('the price', async () => {
    await db.rows(`update app.sends s set price_due_at = now() from app.challenges c where c.challenge_id = s.challenge_id
                      and app.typeid('challenge', c.challenge_id) = $1 and s.price_due_at is not null`, challenge);
    const money = await moneyOf(challenge);
    return states.includes(money.money_state) && money;
  }, { pause: 300 });
}

test('delivered: reserved at our price, settled at Twilio\'s', async () => {
  const store = await platform.store();
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  const { id } = await browser.textMe('/api/phone/send-code', number);
  await untilSend(db, id, 'delivered');
  const reserved = await moneyOf(id);
  assert.equal(reserved.money_state, 'reserved');
  const money = await settled(id, 'settled');
  assert.equal(money.price_micros, 7900);
  const said = await until('both lines', async () => {
    const items = await lines(store);
    return items.length === 2 && items;
  });
  assert.deepEqual(said.map((one) => [one.kind, one.micros]), [['reserved', reserved.price_micros], ['settled', 7900 - reserved.price_micros]]);
  assert.equal((await platform.call('GET', `/v1/tenants/${store.tenant.id}/limits`)).json.spent.day, 7900);
});

test('refused before it was a message: the money comes back at once', async () => {
  const store = await platform.store();
  const browser = await store.launch();
  await browser.savePhone(`${newNumber().slice(0, -5)}21211`);
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  await until('the refusal', async () => ['refused', 'failed'].includes((await sendOf(db, id)).state));
  assert.deepEqual((await moneyOf(id)).money_state, 'released');
  assert.equal((await platform.call('GET', `/v1/tenants/${store.tenant.id}/limits`)).json.spent.day, 0);
});

test('undelivered is charged all the same', async () => {
  const store = await platform.store();
  const browser = await store.launch();
  await browser.savePhone(`${newNumber().slice(0, -5)}30003`);
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  await untilSend(db, id, 'undelivered');
  assert.equal((await settled(id, 'settled')).price_micros, 7900);
});

test('prices are read from Twilio, exactly; another currency is refused, and nothing changes', async () => {
  const { out } = await stack.tillgate('prices', 'sync', stack.configFile);
  assert.match(out, /^19 countries, 0 could not be read/);
  const price = (country) => db.value('select price_micros from app.prices where country = $1', country);
  assert.deepEqual([await price('US'), await price('JP'), await price('IN')], [8300, 84751, 83200]);
  assert.match((await stack.tillgate('prices', 'list', stack.configFile)).out, /^US {2}0\.008300 USD {2}twilio/m);
  await sandbox.control('POST', 'prices', { currency: 'EUR' });
  const said = await stack.tillgate('prices', 'sync', stack.configFile).then(() => 'taken', (error) => String(error.message));
  assert.match(said, /another currency/);
  assert.equal(await price('US'), 8300);
});
