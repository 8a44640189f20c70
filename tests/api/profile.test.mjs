import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';

const { platform } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const change = (browser, json) => browser.call('PATCH', '/api/profile', { json });

describe('profile_read', () => {
  test('needs a finished second step', async () => {
    const browser = await store.launch();
    problem(await browser.call('GET', '/api/profile'), 403, 'second_step_required');
  });

  test('tells who, which methods, and how many devices and sessions', async () => {
    const browser = await store.signedIn({ user: { name: 'Bob', email: 'bob@x.example', role: 'viewer' } });
    const profile = await browser.profile();
    assert.deepEqual([profile.user.name, profile.user.email, profile.preferred_method, profile.backup_codes_left, profile.devices, profile.sessions],
      ['Bob', 'bob@x.example', 'sms', 0, 0, 1]);
    assert.ok(profile.fresh_until > profile.server_time);
  });
});

describe('profile_change', () => {
  test('names bad fields, and takes no field of somebody else\'s', async () => {
    const browser = await store.signedIn();
    problem(await change(browser, { preferred_method: 'backup_code', locale: 'it', role: 'owner', email: 'x@x' }), 422, 'body_invalid', '/preferred_method', '/locale', '/role', '/email');
  });

  test('a method that is not set up cannot be preferred', async () => {
    const browser = await store.signedIn();
    problem(await change(browser, { preferred_method: 'authenticator' }), 409, 'no_authenticator');
    const other = await store.launch();
    await other.setUpAuthenticator();
    problem(await change(other, { preferred_method: 'sms' }), 409, 'no_phone');
  });

  test('takes each of the five languages', async () => {
    const browser = await store.signedIn();
    for (const locale of ['fr', 'es', 'ru', 'de', 'en']) {
      assert.equal(expect(await change(browser, { locale }), 200).user.locale, locale);
      assert.equal((await browser.session()).user.locale, locale);
    }
  });

  test('sets the preferred method and the language', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    assert.equal((await browser.profile()).preferred_method, 'sms');
    const profile = expect(await change(browser, { preferred_method: 'authenticator', locale: 'de' }), 200);
    assert.deepEqual([profile.preferred_method, profile.user.locale], ['authenticator', 'de']);
    await store.relaunch(browser);
    const session = await browser.session();
    assert.deepEqual([session.preferred_method, session.user.locale], ['authenticator', 'de']);
  });
});
