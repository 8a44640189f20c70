import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, newNumber, newAddress, rangeOf } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';

const { platform, sandbox, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();

async function asks(number, { address, shop = store } = {}) {
  const browser = await shop.launch();
  if (address) browser.address = address;
  expect(await browser.savePhone(number), 200);
  return { browser, answer: await browser.call('POST', '/api/phone/send-code') };
}

describe('limits on sending', () => {
  test('per phone, all stores together: five an hour', async () => {
    const number = newNumber();
    const browser = await store.launch();
    await browser.setUpPhone(number);
    const others = [await platform.store(), await platform.store()];
    // The number is unverified at the other stores, which costs of the three a day that such a number has.
    for (const shop of others) expect((await asks(number, { shop })).answer, 202);
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/send-code'), 202);
    await pass(db, browser, '4 minutes');
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/send-code'), 202);
    await pass(db, browser, '4 minutes');
    await store.relaunch(browser);
    const refusal = problem(await browser.call('POST', '/api/second-step/send-code'), 429, 'limit_phone');
    assert.ok(refusal.retry_after > 60 && refusal.retry_after <= 3600, `${refusal.retry_after}`);
    assert.equal((await sandbox.messagesTo(number)).length, 5);
    await pass(db, browser, '1 hour');
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/send-code'), 202);
  });

  test('per phone: ten a day', async () => {
    const browser = await store.signedIn();
    for (let i = 1; i < 10; i++) {
      await pass(db, browser, '65 minutes');
      await store.relaunch(browser);
      await browser.textMe();
    }
    await pass(db, browser, '65 minutes');
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/second-step/send-code'), 429, 'limit_phone');
    await pass(db, browser, '24 hours');
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/send-code'), 202);
  });

  test('per user: three different numbers a day', async () => {
    const browser = await store.launch();
    for (let i = 0; i < 3; i++) {
      await browser.savePhone(newNumber());
      expect(await browser.call('POST', '/api/phone/send-code'), 202);
    }
    await browser.savePhone(newNumber());
    const refusal = problem(await browser.call('POST', '/api/phone/send-code'), 429, 'limit_user');
    assert.ok(refusal.retry_after > 80_000);
  });

  test('THR-6 per address: five different numbers an hour, an IPv6 /64 counting as one', async () => {
    const prefix = `2001:db8:${Math.floor(Math.random() * 65536).toString(16)}:${Math.floor(Math.random() * 65536).toString(16)}`;
    for (let i = 1; i <= 5; i++) expect((await asks(newNumber(), { address: `${prefix}::${i}` })).answer, 202);
    problem((await asks(newNumber(), { address: `${prefix}:ffff:ffff:ffff:ffff` })).answer, 429, 'limit_address');
    expect((await asks(newNumber(), { address: newAddress() })).answer, 202);
  });

  test('THR-6 a v4-mapped address is that IPv4 address', async () => {
    const address = newAddress();
    for (let i = 0; i < 5; i++) expect((await asks(newNumber(), { address: i % 2 ? address : `::ffff:${address}` })).answer, 202);
    problem((await asks(newNumber(), { address: `::ffff:${address}` })).answer, 429, 'limit_address');
    problem((await asks(newNumber(), { address })).answer, 429, 'limit_address');
  });

  test('per range: six numbers in ten minutes, whoever asks', async () => {
    const numbers = rangeOf(7);
    for (const number of numbers.slice(0, 6)) expect((await asks(number, { shop: await platform.store() })).answer, 202);
    const refusal = problem((await asks(numbers[6])).answer, 429, 'limit_range');
    assert.ok(refusal.retry_after <= 600);
    assert.deepEqual(await sandbox.messagesTo(numbers[6]), []);
  });

  test('a refusal spends nothing of the other limits', async () => {
    const numbers = rangeOf(7);
    for (const number of numbers.slice(0, 6)) expect((await asks(number)).answer, 202);
    const { browser, answer } = await asks(numbers[6]);
    problem(answer, 429, 'limit_range');
    const before = await db.value(`select count(*) from app.velocity where key = $1`, browser.address);
    assert.equal(before, 0);
    assert.equal(await db.value(`select count(*) from app.challenges c join app.users u using (tenant_id, user_id) where u.external_id = $1`, browser.externalId), 0);
  });
});
