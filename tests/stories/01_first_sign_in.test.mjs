// Goal: a store admin clicks one link, chooses text message, and is in the panel with ten backup codes; the store never touched Twilio.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, Panel, expect, newNumber } from '../harness/suite.mjs';

const { stack, platform, sandbox } = await story({ prism: true, twilioPrism: true });

test('first sign-in by text message, from the platform\'s first call to the ready panel', async () => {
  const tenant = await platform.tenant({ name: 'Acme Toys' });
  const key = await platform.newKey(tenant);
  const store = await platform.store();
  assert.notEqual(key.secret, store.key);

  const browser = await store.launch({ user: { name: 'Ann Arbor', email: 'ann@acme.example', role: 'owner' } });
  assert.equal((await browser.session()).state, 'set_up');

  const number = stack.secret(newNumber());
  assert.equal(expect(await browser.savePhone(number), 200).phone.state, 'unverified');
  assert.equal((await sandbox.messagesTo(number)).length, 0, 'Save sends nothing');

  const { id, code, message } = await browser.textMe('/api/phone/send-code', number);
  assert.equal(message.to, number);
  const { session } = expect(await browser.call('POST', '/api/phone/verify', { json: { code, challenge: id } }), 200);
  assert.deepEqual([session.state, session.phone.state, session.user.role], ['ready', 'verified', 'owner']);

  assert.equal((await browser.backupCodes()).length, 10);
  expect(await browser.call('DELETE', '/api/session'), 204);
  assert.equal((await browser.call('GET', '/api/session')).status, 401);
});

test('first sign-in by authenticator app sends nothing at all', async () => {
  const store = await platform.store();
  const before = (await sandbox.messages()).length;
  const browser = await store.launch();
  await browser.setUpAuthenticator();
  assert.equal((await browser.session()).state, 'ready');
  assert.equal((await sandbox.messages()).length, before);
});

test('a browser that follows the link twice has one session per ticket', async () => {
  const store = await platform.store();
  const { ticket } = await store.ticket();
  const browser = new Panel(stack, store.tenant.slug);
  await browser.redeem(ticket);
  await browser.redeem(ticket);
  assert.equal((await browser.session()).state, 'set_up');
});
