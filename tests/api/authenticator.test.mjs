import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, wrongCode, steadyStep } from '../harness/suite.mjs';
import { pass, setRows } from '../harness/clock.mjs';
import { totp } from '../harness/totp.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const start = async (browser) => {
  const started = expect(await browser.call('POST', '/api/authenticator'), 201);
  stack.secret(started.secret);
  return started;
};
const check = (browser, code) => browser.call('POST', '/api/authenticator/check', { json: { code } });
const codeOf = (secret, steps = 0) => stack.secret(totp(secret, Date.now() / 1000 + 30 * steps));

describe('authenticator_start', () => {
  test('refuses a launched session that has a method, and a stale one', async () => {
    const browser = await store.signedIn();
    await pass(db, browser, '10 minutes');
    await browser.session();
    await pass(db, browser, '6 minutes');
    problem(await browser.call('POST', '/api/authenticator'), 403, 'fresh_session_required');
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/authenticator'), 403, 'second_step_required');
  });

  test('TOTP-1 shows 160 bits, once, in a form that apps read', async () => {
    const own = await platform.store({ name: 'Ärger & Söhne 100%' });
    const browser = await own.launch({ user: { email: 'ann+x@x.example', name: 'Ann', role: 'owner' } });
    const { secret, uri, expires_at, server_time } = await start(browser);
    assert.match(secret, /^[A-Z2-7]{32}$/);
    const parsed = new URL(uri);
    assert.deepEqual([parsed.protocol, parsed.host], ['otpauth:', 'totp']);
    assert.equal(parsed.searchParams.get('secret'), secret);
    assert.equal(parsed.searchParams.get('issuer'), own.tenant.name);
    assert.ok(decodeURIComponent(parsed.pathname).endsWith(':ann+x@x.example'), uri);
    assert.equal(Date.parse(expires_at) - Date.parse(server_time), 600_000);
    assert.equal((await browser.session()).methods.length, 0);
    assert.notEqual((await start(browser)).secret, secret);
  });
});

describe('authenticator_check', () => {
  test('names bad fields', async () => {
    const browser = await store.launch();
    for (const code of ['', '12345', '1234567', 'ABCDE-FGHIJ', '１２３４５６']) problem(await check(browser, code), 422, 'body_invalid', '/code');
    problem(await browser.call('POST', '/api/authenticator/check', { json: { code: 123456, secret: 'x' } }), 422, 'body_invalid', '/code', '/secret');
  });

  test('without a set-up there is nothing to check', async () => {
    problem(await check(await store.launch(), '123456'), 409, 'no_authenticator');
  });

  test('TOTP-5 a set-up expires after ten minutes', async () => {
    const browser = await store.launch();
    const { secret } = await start(browser);
    await setRows(db, browser, 'authenticators', `expires_at = now()`, `state = 'pending'`);
    problem(await check(browser, codeOf(secret)), 409, 'set_up_expired');
  });

  test('a wrong code counts, the right one makes it count and the session ready', async () => {
    const browser = await store.launch();
    const { secret } = await start(browser);
    problem(await check(browser, wrongCode(codeOf(secret))), 422, 'code_wrong', '/code');
    const before = browser.cookies.get('__Host-sid');
    await steadyStep();
    const { session } = expect(await check(browser, codeOf(secret)), 200);
    assert.deepEqual([session.state, session.preferred_method], ['ready', 'authenticator']);
    assert.deepEqual(session.methods, [{ method: 'authenticator', off: false }]);
    assert.notEqual(browser.cookies.get('__Host-sid'), before);
  });

  test('THR-2 ten wrong codes lock here as well', async () => {
    const browser = await store.launch();
    const { secret } = await start(browser);
    for (let i = 0; i < 10; i++) problem(await check(browser, wrongCode(codeOf(secret))), 422, 'code_wrong');
    problem(await check(browser, codeOf(secret)), 429, 'locked');
  });

  test('TOTP-5 a set-up that is not finished never replaces the one in use', async () => {
    const browser = await store.launch();
    await browser.setUpAuthenticator();
    const old = browser.secret;
    const { secret } = await start(browser);
    await steadyStep();
    expect(await browser.verify(codeOf(old)), 200);
    expect(await check(browser, codeOf(secret)), 200);
    await steadyStep();
    problem(await browser.verify(codeOf(old, 1)), 422, 'code_wrong');
    expect(await browser.verify(codeOf(secret, 1)), 200);
  });

  test('TOTP-3 the code that finished the set-up is spent', async () => {
    const browser = await store.launch();
    const { secret } = await start(browser);
    await steadyStep();
    const code = codeOf(secret);
    expect(await check(browser, code), 200);
    problem(await browser.verify(code), 422, 'code_expired');
  });

  test('TOTP-5 two set-ups interleaved: only the last one shown can be finished', async () => {
    const browser = await store.launch();
    const [first, second] = [await start(browser), await start(browser)];
    problem(await check(browser, codeOf(first.secret)), 422, 'code_wrong');
    expect(await check(browser, codeOf(second.secret)), 200);
  });
});

describe('authenticator_remove', () => {
  test('refuses when there is none, and when it is the last method', async () => {
    const phoneOnly = await store.signedIn();
    problem(await phoneOnly.call('DELETE', '/api/authenticator'), 409, 'no_authenticator');
    const browser = await store.launch();
    await browser.setUpAuthenticator();
    problem(await browser.call('DELETE', '/api/authenticator'), 409, 'last_method');
  });

  test('removes it beside a phone', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    await browser.call('PATCH', '/api/profile', { json: { preferred_method: 'authenticator' } });
    expect(await browser.call('DELETE', '/api/authenticator'), 204);
    const session = await browser.session();
    assert.deepEqual([session.preferred_method, session.methods.map((one) => one.method)], ['sms', ['sms']]);
    assert.equal((await (await store.relaunch(browser)).verify(codeOf(browser.secret))).status, 422);
  });
});
