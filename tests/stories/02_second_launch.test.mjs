// Goal: at the next launch any proof that the user has opens the same field: a text, an authenticator code, a backup code, a remembered device.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, steadyStep } from '../harness/suite.mjs';

const { platform } = await story({});
const store = await platform.store();
const browser = await store.signedIn();
await browser.setUpAuthenticator();
const codes = await browser.backupCodes();

const relaunched = async () => {
  await store.relaunch(browser);
  assert.equal((await browser.session()).state, 'second_step');
};

test('with a texted code', async () => {
  await relaunched();
  assert.equal((await browser.secondStep()).state, 'ready');
});

test('with an authenticator code', async () => {
  await relaunched();
  await steadyStep();
  assert.equal(expect(await browser.verify(browser.totp()), 200).state, 'ready');
});

test('with a backup code', async () => {
  await relaunched();
  assert.equal(expect(await browser.verify(codes[0]), 200).state, 'ready');
});

test('with a device that was remembered, until its data are cleared', async () => {
  await relaunched();
  expect(await browser.verify(codes[1], { remember_device: true }), 200);
  await relaunched();
  assert.equal(expect(await browser.call('POST', '/api/second-step/device'), 200).state, 'ready');
  expect(await browser.call('DELETE', '/api/devices'), 204);
  await relaunched();
  assert.equal((await browser.call('POST', '/api/second-step/device')).status, 403);
});

test('with the preferred method asked for first', async () => {
  expect(await browser.verify(codes[2]), 200);
  expect(await browser.call('PATCH', '/api/profile', { json: { preferred_method: 'authenticator' } }), 200);
  await relaunched();
  assert.equal((await browser.session()).preferred_method, 'authenticator');
});
