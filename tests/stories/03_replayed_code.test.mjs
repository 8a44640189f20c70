// Goal: a code that was seen over the shoulder is worth nothing once it was used, in any session, at any method.
import test from 'node:test';
import { story, problem, expect, steadyStep } from '../harness/suite.mjs';

const { platform } = await story({});
const store = await platform.store();

test('a texted code, replayed in the same and in another session', async () => {
  const browser = await store.signedIn();
  const thief = await store.relaunch(browser.copy());
  await store.relaunch(browser);
  const { id, code } = await browser.textMe();
  expect(await browser.verify(code, { challenge: id }), 200);
  for (const who of [browser, thief]) problem(await who.verify(code, { challenge: id }), 422, 'code_expired');
});

test('an authenticator code, and the one of the step before it', async () => {
  const browser = await store.launch();
  await browser.setUpAuthenticator();
  const thief = await store.relaunch(browser.copy());
  await store.relaunch(browser);
  await steadyStep();
  const code = browser.totp();
  expect(await browser.verify(code), 200);
  problem(await thief.verify(code), 422, 'code_expired');
  problem(await thief.verify(browser.totp(-1)), 422, 'code_expired');
});

test('a backup code', async () => {
  const browser = await store.signedIn();
  const [code] = await browser.backupCodes();
  const thief = await store.relaunch(browser.copy());
  await store.relaunch(browser);
  expect(await browser.verify(code), 200);
  problem(await thief.verify(code), 422, 'code_wrong');
});
