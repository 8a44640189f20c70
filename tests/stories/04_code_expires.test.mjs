// Goal: a code that came too late is refused with words that say what to do, and the next one works.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, problem, expect } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';

const { platform, db } = await story({});

for (const life of [120, 300, 600]) {
  test(`a code that lives ${life} seconds, by the store's own setting`, async () => {
    const store = await platform.store({ code_life_seconds: life });
    const browser = await store.signedIn();
    await store.relaunch(browser);
    const first = await browser.textMe();
    assert.equal(Number(first.message.parameters.ValidityPeriod) <= life, true);
    await pass(db, browser, `${life - 5} seconds`);
    assert.equal((await browser.call('GET', `/api/challenges/${first.id}`)).json?.state ?? 'live', 'live');
    await pass(db, browser, '6 seconds');
    await store.relaunch(browser);
    const refusal = problem(await browser.verify(first.code, { challenge: first.id }), 422, 'code_expired');
    assert.ok(refusal.alternatives.includes('sms'));
    assert.equal(expect(await browser.call('GET', `/api/challenges/${first.id}`), 200).state, 'expired');
    await pass(db, browser, '60 seconds');
    await store.relaunch(browser);
    await browser.secondStep();
  });
}
