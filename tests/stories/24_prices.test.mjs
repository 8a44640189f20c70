// Goal: what a text costs is what Twilio says: read at once when the operator asks, every twelve hours by itself, never in another currency.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, until, newNumber } from '../harness/suite.mjs';

const { platform, stack, sandbox, db } = await story({});
const prices = (...words) => stack.tillgate('prices', ...words, stack.configFile);
const priceOf = (country) => db.row('select price_micros, source, synced_at from app.prices where country = $1', country);
const fails = (promise) => promise.then(() => assert.fail('it succeeded'), (error) => String(error.message));

async function reservedFor(country) {
  const store = await platform.store({ country });
  const browser = await store.launch();
  const number = newNumber(country);
  await browser.savePhone(number);
  expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return db.value(`select reserved_micros from app.sends order by created_at desc limit 1`);
}

test('Twilio away, or counting in another currency: the command says so, and no price changes', async () => {
  const before = await db.rows('select * from app.prices order by country');
  await sandbox.control('POST', 'prices', { currency: 'EUR' });
  assert.match(await fails(prices('sync')), /currency|EUR/);
  await sandbox.faultless();
  await stack.sandboxProgram.stop();
  assert.match(await fails(prices('sync')), /tillgate: /);
  await stack.startSandbox();
  assert.deepEqual(await db.rows('select * from app.prices order by country'), before);
});

test('before the first synchronisation a text reserves a careful guess', async () => {
  assert.equal((await priceOf('DE')).source, 'builtin');
  assert.equal(await reservedFor('DE'), (await priceOf('DE')).price_micros);
});

test('`tillgate prices sync` takes the dearest carrier of each country; the next text reserves that', async () => {
  const guess = await priceOf('NZ');
  assert.match((await prices('sync')).out, /^\d+ countries/);
  const { price_micros, source } = await priceOf('DE');
  assert.deepEqual([price_micros, source], [97_200, 'twilio']);
  assert.equal((await priceOf('JP')).price_micros, 84_751, 'a part of a millionth is a whole one');
  assert.deepEqual(await priceOf('NZ'), guess, 'what Twilio has no price for keeps the one it has');
  assert.match((await prices('list')).out, /^DE {2}0\.097200 USD {2}twilio/m);
  assert.equal(await reservedFor('DE'), 97_200);
});

test('the server reads them again by itself once they are twelve hours old', async () => {
  await db.rows(`update app.prices set price_micros = 1, synced_at = now() - interval '11 hours 59 minutes' where source = 'twilio'`);
  await db.rows(`update app.prices set synced_at = now() - interval '12 hours' where country = 'US'`);
  await until('the prices', async () => (await priceOf('DE')).price_micros === 97_200, { patience: 60_000, pause: 250 });
  assert.equal(await db.value(`select count(*) from app.prices where source = 'twilio' and (price_micros = 1 or synced_at < now() - interval '1 minute')`), 0);
});

test('the server finds Twilio counting in another currency: nothing is taken, and it asks again in an hour', async () => {
  await sandbox.control('POST', 'prices', { currency: 'EUR' });
  await db.rows(`update app.prices set synced_at = now() - interval '12 hours' where country = 'US'`);
  await until('the attempt', async () => (await db.value(`select synced_at > now() - interval '11 hours 1 minute' from app.prices where country = 'US'`)), { patience: 60_000, pause: 250 });
  await until('the log to say so', () => stack.server.log().includes('prices_not_read'));
  assert.equal((await priceOf('DE')).price_micros, 97_200);
  await sandbox.faultless();
});
