// Goal: a text that could not be delivered says why, and may be asked for again at once instead of after the pause.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, problem, expect, until } from '../harness/suite.mjs';

const { platform, sandbox } = await story({});
const store = await platform.store();

test('undelivered wakes the resend; the second text carries the same code and works', async () => {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await sandbox.fault({ kind: 'outcome', status: 'undelivered', error_code: 30003, to: browser.number, times: 1 });
  const first = await browser.textMe();
  const lost = await until('the failure', async () => {
    const challenge = expect(await browser.call('GET', `/api/challenges/${first.id}`), 200);
    return challenge.delivery === 'undelivered' && challenge;
  });
  assert.equal(lost.reason, 'unreachable');
  assert.ok(Date.parse(lost.resend_at) <= Date.now() + 1000);
  const second = await browser.textMe();
  assert.deepEqual([second.id, second.code, second.sends], [first.id, first.code, 2]);
  expect(await browser.verify(second.code, { challenge: second.id }), 200);
});

test('a text on its way does not', async () => {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await browser.textMe();
  problem(await browser.call('POST', '/api/second-step/send-code'), 429, 'resend_too_early');
});
