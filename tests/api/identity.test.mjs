import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { calculateJwkThumbprint, createRemoteJWKSet, customFetch, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { suite, story, Panel, problem, expect, send } from '../harness/suite.mjs';
import { pass, setRows } from '../harness/clock.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const FORWARD = '/auth/forward';
const JWKS = '/.well-known/jwks.json';
const NAMES = ['user', 'tenant', 'role', 'amr', 'auth-time', 'token'];

// Prism follows redirects and speaks for itself on other hosts: what is about those goes straight.
const ask = (browser, headers = {}, more = {}) => browser.call('GET', FORWARD, { headers, ...more });
const direct = { port: stack.ports.server };

function refused(answer, signIn = '/') {
  const body = problem(answer, 401, 'sign_in_required');
  assert.deepEqual([body.sign_in, answer.headers['x-tillgate-sign-in']], [signIn, signIn]);
  for (const name of NAMES) assert.ok(!(`x-tillgate-${name}` in answer.headers), `a refusal with ${name}`);
}

// Keys as an application gets them, by jose, from the address that the issuer names.
const keysOf = (at, slug = store.tenant.slug) => createRemoteJWKSet(new URL(`http://${at.hosts(slug).panel}${JWKS}`), {
  cooldownDuration: 0,
  [customFetch]: async (url) => {
    const { status, text } = await send({ port: at.ports.server, host: new URL(url).host, path: new URL(url).pathname, fresh: true });
    return new Response(text, { status });
  },
});

const expected = (at, tenant) => ({ issuer: `http://${at.hosts(tenant.slug).panel}`, audience: tenant.slug, typ: 'identity+jwt', algorithms: ['ES256'],
  requiredClaims: ['sub', 'tenant', 'role', 'amr', 'auth_time', 'jti', 'iat', 'exp', 'sid'] });

const verify = (answer, { at = stack, of = store, keys = keysOf(at, of.tenant.slug) } = {}) =>
  jwtVerify(answer.headers['x-tillgate-token'], keys, expected(at, of.tenant));

describe('identity_read refuses', () => {
  test('no cookie, a malformed one, an unknown one, one sent twice, and a key', async () => {
    const browser = new Panel(stack, store.tenant.slug);
    refused(await ask(browser));
    for (const cookie of ['', 'x', 'A'.repeat(86), 'A'.repeat(85), '!'.repeat(86), 'A'.repeat(5000)]) refused(await ask(browser, { cookie: `__Host-sid=${cookie}` }));
    const good = (await store.signedIn()).cookies.get('__Host-sid');
    for (const cookie of [`__Host-sid=${good}; __Host-sid=${good}`, `sid=${good}`, `__Host-device=${good}`]) refused(await ask(browser, { cookie }));
    refused(await ask(browser, { authorization: `Bearer ${store.key}` }));
  });

  test('a session that is only launched, with a method and without', async () => {
    const browser = await store.launch();
    refused(await ask(browser));
    await browser.setUpPhone();
    expect(await ask(browser), 200);
    refused(await ask(await store.relaunch(browser.copy())));
  });

  test('AZ-1 a session of one store on the host of another', async () => {
    const other = await platform.store();
    const browser = await store.signedIn();
    refused(await ask(browser, {}, { host: stack.hosts(other.tenant.slug).panel }));
    refused(await ask(browser, {}, { host: stack.hosts('nobody-has-this').panel }));
    problem(await ask(browser, {}, { ...direct, host: 'evil.example' }), 421, 'host_unknown');
  });

  test('SES-4 a session from the moment that it ends: signed out, by another one, by the platform, idle, too old, suspended store', async () => {
    const endings = {
      'signed out': async (browser) => expect(await browser.call('DELETE', '/api/session', { headers: { cookie: browser.cookieHeader() } }), 204),
      'by another one': async (browser) => {
        const second = await store.relaunch(browser.copy());
        await second.secondStep();
        expect(await second.call('DELETE', '/api/sessions'), 204);
      },
      idle: (browser) => setRows(db, browser, 'sessions', `seen_at = now() - interval '15 minutes'`),
      'too old': (browser) => setRows(db, browser, 'sessions', `expires_at = now()`),
    };
    // by the platform, each with a reason
    for (const [what, method, path, json] of [['locked', 'POST', '/lock', {}], ['reset', 'POST', '/reset', {}], ['ended', 'DELETE', '/sessions'], ['removed', 'DELETE', '']]) {
      endings[what] = async (browser) => {
        const { user } = await browser.session();
        const answer = await platform.call(method, `/v1/tenants/${store.tenant.id}/users/${user.id}${path}`, json && { json: { reason: 'a test', ...json } });
        assert.ok(answer.status < 300, `${what}: ${answer.text}`);
      };
    }
    for (const end of Object.values(endings)) {
      const browser = await store.signedIn();
      const old = browser.copy();
      expect(await ask(old), 200);
      await end(browser);
      refused(await ask(old));
    }
    const closed = await platform.store();
    const browser = await closed.signedIn();
    expect(await ask(browser), 200);
    expect(await platform.suspend(closed.tenant), 200);
    refused(await ask(browser));
  });

  test('a token that a rise has replaced', async () => {
    const browser = await store.signedIn();
    const old = browser.copy();
    await pass(db, browser, '2 minutes');
    await browser.secondStep();
    refused(await ask(old));
    expect(await ask(browser), 200);
  });

  test('any other method', async () => {
    const browser = await store.signedIn();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await browser.call(method, FORWARD, { ...direct, unchecked: true });
      assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD'], method);
      for (const name of NAMES) assert.ok(!(`x-tillgate-${name}` in answer.headers), method);
    }
    const head = await browser.call('HEAD', FORWARD, { ...direct, unchecked: true });
    assert.equal(head.status, 200);
    for (const name of NAMES) assert.ok(head.headers[`x-tillgate-${name}`], name);
  });
});

describe('where to go', () => {
  const nobody = new Panel(stack, store.tenant.slug);
  const led = async (uri, headers = {}) => (await ask(nobody, { 'x-forwarded-uri': uri, ...headers }, direct)).json.sign_in;

  test('is the panel, which comes back to the path that was asked for', async () => {
    for (const path of ['/app/', '/app/orders?page=2&q=a%20b', '/a/~b/%C3%A4', '/app/x?next=https://elsewhere.example/', '/app/?q=a\\b', '/app/ä']) {
      const raw = Buffer.from(path, 'utf8').toString('latin1'); // header fields are bytes
      const where = await led(raw);
      assert.equal(new URLSearchParams(where.slice(2)).get('return'), path, where);
      assert.match(where, /^\/\?return=%2F[A-Za-z0-9%._~+-]*$/);
      refused(await ask(nobody, { 'x-forwarded-uri': raw }, direct), where);
    }
  });

  // The 60 that matter of the usual collections; the panel's own check has the rest (web/tests).
  test('SSO-5 is never elsewhere', async () => {
    const hostile = ['', 'app', '//evil.example', '//evil.example/app', '/\\evil.example', '\\/evil.example', '\\\\evil.example', '///evil.example', '/%2fevil.example', '/%2Fevil.example', '/%5cevil.example', '/%5Cevil.example',
      'https://evil.example', 'HTTPS:evil.example', 'javascript:alert(1)', 'data:text/html,x', '/%09/evil.example', '/%0a/evil.example', '/%0d%0aSet-Cookie:x=1', '/app%0d%0aLocation:%20//evil.example', '/app%00', '/app%', '/app%2', '/app%zz',
      '/\t/evil.example', '/app\tx', '/app x', '.', '..', '../app', '?return=/x', '#x', '@evil.example', ':80', `/${'a'.repeat(2000)}`, '/%7f', '/%1b[31m', '/app%0bx', '*'];
    for (const uri of hostile) assert.equal(await led(uri), '/', JSON.stringify(uri));
  });

  test('INF-3 is no place that Host, Forwarded or X-Forwarded-* names', async () => {
    const evil = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'ftp', 'x-forwarded-port': '1', 'x-forwarded-prefix': '//evil.example', forwarded: 'host=evil.example;proto=ftp', 'x-original-url': '//evil.example', 'x-rewrite-url': '//evil.example', referer: 'https://evil.example/' };
    for (const answer of [await ask(nobody, { ...evil, 'x-forwarded-uri': '/app/' }, direct), await ask(nobody, { ...evil, 'x-forwarded-uri': '/app/' }, { ...direct, host: `${store.tenant.slug}.panel.localhost:1` })]) {
      assert.equal(answer.json.sign_in, '/?return=%2Fapp%2F');
      assert.ok(!JSON.stringify([answer.rawHeaders, answer.text]).includes('evil'), answer.text);
    }
  });

  test('refuse=redirect leads there by itself; any other word is refused', async () => {
    const answer = await nobody.call('GET', `${FORWARD}?refuse=redirect`, { ...direct, headers: { 'x-forwarded-uri': '/app/?a=b' } });
    assert.deepEqual([answer.status, answer.headers.location, answer.text], [303, '/?return=%2Fapp%2F%3Fa%3Db', '']);
    const launched = await store.launch();
    assert.equal((await launched.call('GET', `${FORWARD}?refuse=redirect`, direct)).headers.location, '/');
    const ready = await store.signedIn();
    expect(await ready.call('GET', `${FORWARD}?refuse=redirect`, direct), 200);
    for (const query of ['refuse=', 'refuse=403', 'refuse=redirect&refuse=redirect']) problem(await nobody.call('GET', `${FORWARD}?${query}`), 422, 'body_invalid', '?refuse');
    problem(await nobody.call('GET', `${FORWARD}?return=/app/`), 422, 'body_invalid', '?return');
  });
});

describe('identity_read tells', () => {
  test('who is signed in, by headers and by a token that jose takes', async () => {
    const browser = await store.signedIn({ user: { name: 'Ännchen "Ann" O’Hara\u{1F511}', role: 'owner' } });
    const { user } = await browser.session();
    const answer = await ask(browser);
    const { payload, protectedHeader } = await verify(answer);
    const seconds = Math.floor(Date.now() / 1000);
    assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
    assert.deepEqual([payload.sub, payload.tenant, payload.role, payload.name, payload.store], [user.id, store.tenant.id, user.role, user.name, 'Acme Toys']);
    assert.deepEqual([payload.amr, payload.exp - payload.iat, payload.jti], [['otp', 'sms'], 300, answer.headers['x-request-id']]);
    assert.ok(Math.abs(payload.iat - seconds) < 30 && payload.auth_time <= payload.iat && payload.auth_time > seconds - 60, JSON.stringify(payload));
    assert.match(payload.sid, /^session_/);
    const { 'x-tillgate-user': who, 'x-tillgate-tenant': at, 'x-tillgate-role': role, 'x-tillgate-amr': amr, 'x-tillgate-auth-time': time } = answer.headers;
    assert.deepEqual([who, at, role, amr, Number(time), answer.text], [payload.sub, payload.tenant, payload.role, 'otp,sms', payload.auth_time, '']);
    stack.secret(answer.headers['x-tillgate-token']);
  });

  test('another token each time, and no personal data beyond the name', async () => {
    const browser = await store.signedIn({ user: { email: 'ann@acme.example' } });
    const [one, two] = [await verify(await ask(browser)), await verify(await ask(browser))];
    assert.notEqual(one.payload.jti, two.payload.jti);
    assert.deepEqual(Object.keys(one.payload).sort(), ['amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'name', 'role', 'sid', 'store', 'sub', 'tenant']);
  });

  test('RFC 8176 how the second step was done, and when', async () => {
    const browser = await store.launch();
    const told = async () => {
      const { payload } = await verify(await ask(browser));
      return [payload.amr.join(), Math.round((Date.now() / 1000 - payload.auth_time) / 60)];
    };
    await browser.setUpPhone();
    assert.deepEqual(await told(), ['otp,sms', 0]);
    await browser.setUpAuthenticator();
    assert.deepEqual(await told(), ['otp,sms', 0], 'setting up a second method proves nothing new');
    const codes = await browser.backupCodes();
    await store.relaunch(browser);
    expect(await browser.verify(browser.totp(1)), 200);
    assert.deepEqual(await told(), ['otp', 0]);
    await store.relaunch(browser);
    expect(await browser.verify(codes[0], { remember_device: true }), 200);
    assert.deepEqual(await told(), ['otp,backup_code', 0]);
    await pass(db, browser, '5 minutes');
    assert.deepEqual(await told(), ['otp,backup_code', 5]);
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/device'), 200);
    assert.deepEqual(await told(), ['device', 5], 'a device is as old as the code that made it trusted');
    expect(await browser.verify(codes[1]), 200);
    assert.deepEqual(await told(), ['otp,backup_code', 0], 'and a code makes it new');
  });

  test('ENR-4 that two people let somebody in without a second step', async () => {
    const browser = await store.relaunch(await store.signedIn());
    const at = `/v1/tenants/${store.tenant.id}/users/${(await browser.session()).user.id}/bypass`;
    expect(await platform.call('POST', at, { json: { reason: 'phone lost', by: 'Kim', hours: 1 } }), 201);
    expect(await platform.call('POST', `${at}/approve`, { json: { by: 'Lee' } }), 200);
    refused(await ask(browser));
    expect(await browser.call('POST', '/api/second-step/bypass'), 200);
    const { payload } = await verify(await ask(browser));
    assert.deepEqual([payload.amr, payload.auth_time <= payload.iat], [['bypass'], true]);
  });

  test('the lower of the launch\'s role and the user\'s own, at this moment', async () => {
    const browser = await store.signedIn({ user: { role: 'admin' } });
    assert.equal((await ask(browser)).headers['x-tillgate-role'], 'admin');
    await setRows(db, browser, 'users', `role = 'viewer'`);
    assert.equal((await verify(await ask(browser))).payload.role, 'viewer');
    await setRows(db, browser, 'users', `role = 'owner'`);
    assert.equal((await ask(browser)).headers['x-tillgate-role'], 'admin');
  });

  test('a token that ends with its session', async () => {
    const browser = await store.signedIn();
    await setRows(db, browser, 'sessions', `expires_at = now() + interval '90 seconds'`);
    const { payload } = await verify(await ask(browser));
    assert.ok(payload.exp - payload.iat >= 85 && payload.exp - payload.iat <= 90, `${payload.exp - payload.iat}`);
  });

  test('SES-2 asking is using: it keeps the session alive, and is written once a minute', async () => {
    const browser = await store.signedIn();
    const { user } = await browser.session();
    const seen = () => db.value(`select floor(extract(epoch from now() - seen_at))::int from app.sessions where app.typeid('user', user_id) = $1`, user.id);
    for (const [ago, then] of [['14 minutes', 0], ['59 seconds', 59], ['61 seconds', 0]]) {
      await setRows(db, browser, 'sessions', `seen_at = now() - interval '${ago}'`);
      expect(await ask(browser), 200);
      assert.ok(Math.abs(await seen() - then) <= 1, `${ago} ago: ${await seen()}`);
    }
  });

  test('on the API\'s host, for an edge that cannot keep the host: X-Forwarded-Host says whose panel', async () => {
    const other = await platform.store();
    const browser = await store.signedIn();
    const api = { ...direct, host: stack.hosts().api };
    const from = (host, uri = '/app/') => ask(browser, { 'x-forwarded-host': host, 'x-forwarded-uri': uri }, api);
    for (const host of [stack.hosts(store.tenant.slug).panel, `${store.tenant.slug}.panel.localhost`, `${store.tenant.slug.toUpperCase()}.Panel.localhost:443`]) {
      const answer = await from(host);
      expect(answer, 200);
      await verify(answer);
    }
    for (const host of ['', 'evil.example', stack.hosts().api, stack.hosts(other.tenant.slug).panel, `evil.example, ${stack.hosts(store.tenant.slug).panel}`]) refused(await from(host), '/?return=%2Fapp%2F');
    refused(await ask(browser, {}, api));
    // on a panel host it says nothing
    expect(await ask(browser, { 'x-forwarded-host': stack.hosts(other.tenant.slug).panel }, direct), 200);
    refused(await ask(browser, { 'x-forwarded-host': stack.hosts(store.tenant.slug).panel }, { ...direct, host: stack.hosts(other.tenant.slug).panel }));
  });
});

describe('jwks_read', () => {
  test('gives the same public keys on every host, for five minutes, and nothing private', async () => {
    const nobody = new Panel(stack, store.tenant.slug);
    const answer = await nobody.call('GET', JWKS, { headers: { cookie: null } });
    const { keys } = expect(answer, 200);
    assert.equal(answer.headers['cache-control'], 'public, max-age=300');
    assert.deepEqual(expect(await nobody.call('GET', JWKS, { ...direct, host: stack.hosts().api }), 200).keys, keys);
    assert.deepEqual(expect(await nobody.call('GET', JWKS, { ...direct, host: stack.hosts('nobody-has-this').panel }), 200).keys, keys);
    for (const key of keys) {
      assert.equal(await calculateJwkThumbprint(key), key.kid);
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      await importJWK(key, 'ES256');
    }
  });

  test('SSO-1 a token of one store is none at another, nor one for launches', async () => {
    const other = await platform.store();
    const answer = await ask(await store.signedIn());
    await assert.rejects(verify(answer, { of: other }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    await assert.rejects(jwtVerify(answer.headers['x-tillgate-token'], keysOf(stack), { typ: 'launch+jwt' }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  });
});

describe('rotation', async () => {
  const { stack: own, platform: operator } = await story({});
  const shop = await operator.store();

  test('a new root key signs at once; what the one before has signed still verifies, and the one before that does not', async () => {
    const browser = await shop.signedIn();
    const token = async () => (await browser.call('GET', FORWARD)).headers['x-tillgate-token'];
    const tokens = [await token()];
    for (const version of [2, 3]) {
      await own.stopServer();
      fs.appendFileSync(`${own.run}/keys/root.keys`, `${version} ${String(version).repeat(64)}\n`);
      await own.startServer();
      tokens.push(await token());
    }
    const kids = tokens.map((one) => decodeProtectedHeader(one).kid);
    assert.equal(new Set(kids).size, 3);
    const { keys } = (await browser.call('GET', JWKS)).json;
    assert.deepEqual(keys.map((key) => key.kid), [kids[2], kids[1]]);
    const check = (one) => jwtVerify(one, keysOf(own, shop.tenant.slug), expected(own, shop.tenant));
    await check(tokens[2]);
    await check(tokens[1]);
    await assert.rejects(check(tokens[0]), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  test('a verifier that has kept the old keys fetches the new ones when it meets one it does not know', async () => {
    const browser = await shop.signedIn();
    const keys = keysOf(own, shop.tenant.slug);
    await jwtVerify((await browser.call('GET', FORWARD)).headers['x-tillgate-token'], keys);
    await own.stopServer();
    fs.appendFileSync(`${own.run}/keys/root.keys`, `4 ${'4'.repeat(64)}\n`);
    await own.startServer();
    await jwtVerify((await browser.call('GET', FORWARD)).headers['x-tillgate-token'], keys);
  });

  test('the application\'s name is the audience when it is configured', async () => {
    const browser = await shop.signedIn();
    await own.stopServer();
    await own.writeConfig(['identity_audience = https://panel-app.example']);
    await own.startServer();
    const { payload } = await jwtVerify((await browser.call('GET', FORWARD)).headers['x-tillgate-token'], keysOf(own, shop.tenant.slug), { audience: 'https://panel-app.example' });
    assert.equal(payload.aud, 'https://panel-app.example');
  });
});
