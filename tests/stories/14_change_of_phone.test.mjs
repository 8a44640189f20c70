// Goal: a new phone: proof by the old one, the old one keeps working until the new one is verified, and a thief of a stale session gets nowhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, problem, expect, newNumber } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { platform, sandbox, db } = await story({});
const store = await platform.store();

test('the whole change', async () => {
  const browser = await store.signedIn();
  const [old, next] = [browser.number, newNumber()];

  const proof = await browser.textMe('/api/phone/change/send-code');
  assert.equal(proof.message.to, old);
  expect(await browser.call('POST', '/api/phone/change', { json: { code: proof.code, challenge: proof.id } }), 200);
  expect(await browser.savePhone(next), 200);

  const tablet = await store.relaunch(browser.copy());
  tablet.number = old;
  await tablet.secondStep();

  const { id, code } = await browser.textMe('/api/phone/send-code', next);
  assert.equal(expect(await browser.call('POST', '/api/phone/verify', { json: { code, challenge: id } }), 200).removed, true);
  browser.number = next;

  await store.relaunch(tablet);
  tablet.number = next;
  assert.equal((await tablet.textMe()).message.to, next);
  assert.equal((await sandbox.messagesTo(old)).length, 3);
});

test('a thief with a stale session, or without the phone, changes nothing', async () => {
  const browser = await store.signedIn();
  const thief = browser.copy();
  await setRows(db, browser, 'sessions', `second_step_at = now() - interval '16 minutes'`);
  problem(await thief.savePhone(newNumber()), 403, 'fresh_session_required');
  problem(await thief.call('DELETE', '/api/phone'), 403, 'fresh_session_required');
  problem(await thief.call('POST', '/api/phone/change', { json: { code: '000000' } }), 403, 'fresh_session_required');
  await setRows(db, browser, 'sessions', `second_step_at = now()`);
  problem(await thief.savePhone(newNumber()), 403, 'proof_required');
  assert.equal((await browser.session()).pending_phone, null);
});
