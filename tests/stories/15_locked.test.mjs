// Goal: an attacker who knows the first step has ten guesses in all, however often they sign in again; then half an hour, then longer.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, problem, expect, wrongCode } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { stack, platform, db } = await story({});
const store = await platform.store();

test('THR-2 ten wrong codes over many sessions, methods and a restart of the server', async () => {
  const browser = await store.signedIn();
  await browser.setUpAuthenticator();
  const codes = await browser.backupCodes();
  for (let i = 0; i < 10; i++) {
    if (i === 5) {
      await stack.killServer();
      await stack.startServer();
    }
    await store.relaunch(browser);
    problem(await browser.verify(i % 2 ? 'AAAAA-AAAAA' : wrongCode(browser.totp())), 422, 'code_wrong');
  }
  await store.relaunch(browser);
  for (const code of [codes[0], browser.totp(1)]) problem(await browser.verify(code), 429, 'locked');
  problem(await browser.call('POST', '/api/second-step/send-code'), 429, 'locked');

  const waits = [];
  for (let round = 0; round < 6; round++) {
    await setRows(db, browser, 'users', 'locked_until = now()');
    for (let i = 0; i < 10; i++) problem(await browser.verify('AAAAA-AAAAA'), 422, 'code_wrong');
    waits.push(Math.round(problem(await browser.verify(codes[0]), 429, 'locked').retry_after / 60));
  }
  assert.deepEqual(waits, [60, 120, 240, 480, 960, 1440]);

  await setRows(db, browser, 'users', 'locked_until = now()');
  expect(await browser.verify(codes[0]), 200);
  assert.equal((await browser.session()).locked_until, null);
});

test('THR-4 strangers lock nobody: without a launch there is nothing to guess at', async () => {
  const browser = await store.signedIn();
  const stranger = browser.copy();
  stranger.cookies.clear();
  for (let i = 0; i < 15; i++) problem(await stranger.verify('000000'), 401, 'session_required');
  await store.relaunch(browser);
  await browser.secondStep();
});
