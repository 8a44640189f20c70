// The application behind the panel, through the real edge: what a browser claims about itself never arrives, a refused request neither, and
// a token that is not good is refused by the application itself.
import test, { after, describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http2 from 'node:http2';
import { SignJWT, UnsecuredJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { load } from 'js-yaml';
import { suite, story, send, expect, until } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';
import { operation } from '../harness/contract.mjs';
import { ROOT } from '../harness/paths.mjs';
import { freePorts, portOpen } from '../harness/process.mjs';

const { stack, platform, db } = await suite({ edge: true });
const store = await platform.store();
const panel = stack.hosts(store.tenant.slug).panel;

const PAGE = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' };

function ask(browser, path, { headers = {}, at = stack, host = panel, method = 'GET', body, port = at.ports.http } = {}) {
  const cookie = browser && [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return send({ port, method, host, path, body, headers: { ...(cookie ? { cookie } : {}), ...headers } });
}

// A browser whose second step is done, without a text: other files of this suite switch texts off.
async function ready(shop = store, what = {}) {
  const browser = await shop.launch(what);
  await browser.setUpAuthenticator();
  return browser;
}

// What reached the application.
async function seen(browser, options) {
  const answer = await ask(browser, '/app/seen', options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

function ledAway(answer, where = '/?return=%2Fapp%2Fseen') {
  assert.deepEqual([answer.status, answer.json?.code, answer.json?.sign_in], [401, 'sign_in_required', where], answer.text);
}

describe('the edge', () => {
  test('hands on who is signed in, and nothing of it that the browser sent', async () => {
    const browser = await ready(store, { user: { role: 'admin' } });
    const { user } = await browser.session();
    const truth = await seen(browser);
    const names = Object.keys(truth.headers).filter((name) => name.startsWith('x-tillgate-')).sort();
    assert.deepEqual(names, ['amr', 'auth-time', 'role', 'tenant', 'token', 'user'].map((name) => `x-tillgate-${name}`));
    assert.deepEqual([truth.headers['x-tillgate-user'], truth.claims.sub, truth.claims.name], [user.id, user.id, user.name]);
    const lies = { user: 'user_00000000000000000000000000', tenant: 'x', role: 'owner', amr: 'hwk', 'auth-time': '9999999999', token: 'a.b.c', 'sign-in': '//evil.example' };
    for (const spell of [(name) => `x-tillgate-${name}`, (name) => `X-TILLGATE-${name.toUpperCase()}`, (name) => `X_Tillgate_${name.replace('-', '_')}`]) {
      for (const repeat of [1, 2]) {
        const headers = Object.fromEntries(Object.entries(lies).map(([name, value]) => [spell(name), Array(repeat).fill(value)]));
        const { headers: arrived } = await seen(browser, { headers });
        for (const name of names.filter((one) => one !== 'x-tillgate-token')) assert.equal(arrived[name], truth.headers[name], `${spell(name)} × ${repeat}`);
        for (const [name, value] of Object.entries(arrived)) assert.ok(!Object.values(lies).includes(value) || name === 'x-tillgate-role' && value === truth.claims.role, `${name}: ${value}`);
      }
    }
  });

  test('keeps the session\'s and the device\'s cookie to itself, wherever they stand', async () => {
    const browser = await ready();
    await store.relaunch(browser);
    expect(await browser.verify(browser.totp(1), { remember_device: true }), 200);
    const [sid, device] = ['__Host-sid', '__Host-device'].map((name) => `${name}=${browser.cookies.get(name)}`);
    const arrives = async (...parts) => (await seen(undefined, { headers: { cookie: parts.join('; ') } })).headers.cookie ?? '';
    assert.equal(await arrives('a=1', sid, 'b=2', device, 'c=3'), 'a=1; b=2; c=3');
    assert.equal(await arrives(sid), '');
    assert.equal(await arrives(sid, 'a=1'), 'a=1');
    assert.equal((await arrives('a=1', sid)).replace(/; *$/, ''), 'a=1');
    assert.equal(await arrives(device, device, sid, 'a=1'), '', 'a device twice: none at all');
    assert.ok(!(await arrives(`x${sid}`, sid)).includes(`; ${sid}`));
  });

  test('over HTTP/2, where each cookie may come in a field of its own', async () => {
    const browser = await ready();
    const session = http2.connect(`https://127.0.0.1:${stack.ports.https}`, { rejectUnauthorized: false, servername: panel.split(':')[0] });
    const get = (headers) => new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/app/seen', ':authority': panel, ...headers });
      let [status, text] = [0, ''];
      stream.on('response', (answer) => (status = answer[':status'])).on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status, json: JSON.parse(text) })).on('error', reject);
      stream.end();
    });
    after(() => session.close());
    const { status, json } = await get({ cookie: ['a=1', `__Host-sid=${browser.cookies.get('__Host-sid')}`, 'b=2'], 'x-tillgate-user': 'lie' });
    assert.deepEqual([status, json.headers.cookie, json.headers['x-tillgate-user']], [200, 'a=1; b=2', json.claims.sub]);
    assert.equal((await get({ cookie: ['a=1', 'b=2'], 'x-tillgate-user': 'lie' })).status, 401);
  });

  test('asks in the name of the host that was asked for: a cookie of one store is none at another\'s', async () => {
    const other = await platform.store();
    const browser = await ready();
    ledAway(await ask(browser, '/app/seen', { host: stack.hosts(other.tenant.slug).panel }));
    ledAway(await ask(browser, '/app/seen', { host: stack.hosts(other.tenant.slug).panel, headers: { 'x-forwarded-host': panel, 'x-original-host': panel } }));
    assert.equal((await seen(browser, { headers: { 'x-forwarded-host': stack.hosts(other.tenant.slug).panel } })).claims.tenant, store.tenant.id);
  });

  test('lets nobody through who is not signed in, whatever they claim', async () => {
    const launched = await store.launch();
    for (const browser of [undefined, launched]) {
      for (const headers of [{}, { 'x-tillgate-user': 'user_00000000000000000000000000', 'x-tillgate-token': 'a.b.c' }, { authorization: `Bearer ${store.key}` }]) {
        ledAway(await ask(browser, '/app/seen', { headers }));
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD']) {
          assert.equal((await ask(browser, '/app/seen', { headers, method, body: method === 'HEAD' ? undefined : 'x' })).status, 401, method);
        }
      }
    }
  });

  test('SES-4 lets nobody through any more, from the moment that a session ends', async () => {
    const closed = await platform.store();
    const endings = [
      async (browser) => expect(await browser.call('DELETE', '/api/session', { headers: { cookie: browser.cookieHeader() } }), 204),
      (browser) => setRows(db, browser, 'users', 'removed_at = now()'),
      async () => expect(await platform.suspend(closed.tenant), 200),
    ];
    for (const end of endings) {
      const browser = await ready(closed);
      const old = browser.copy();
      let over = false;
      const hammer = (async () => {
        for (;;) {
          const begunAfter = over;
          const answer = await ask(old, '/app/seen', { host: stack.hosts(closed.tenant.slug).panel });
          if (begunAfter) return answer;
          assert.ok([200, 401].includes(answer.status), answer.text);
        }
      })();
      await end(browser);
      over = true;
      ledAway(await hammer);
      ledAway(await ask(old, '/app/seen', { host: stack.hosts(closed.tenant.slug).panel }));
    }
  });

  test('leads pages on and tells everything else, always to a path of the same host', async () => {
    const page = await ask(undefined, '/app/orders?page=2&q=%C3%A4', { headers: PAGE });
    assert.deepEqual([page.status, page.headers.location], [303, '/?return=%2Fapp%2Forders%3Fpage%3D2%26q%3D%25C3%25A4']);
    assert.equal((await ask(undefined, '/app/', { headers: { accept: 'text/html' } })).status, 303, 'a browser that does not say what it is after');
    assert.equal((await ask(undefined, '/app/', { headers: { accept: 'text/html', 'sec-fetch-mode': 'cors' } })).status, 401);
    const evil = { 'x-forwarded-host': 'evil.example', 'x-forwarded-uri': '//evil.example', 'x-forwarded-proto': 'ftp', forwarded: 'host=evil.example' };
    for (const path of ['//app/', '/app//evil.example', '/app/..//evil.example/', '/./app/', '/app/%2f%2fevil.example', '/app/%0d%0aset-cookie:a=b', '/app/?next=//evil.example', '/app/\\evil.example', '/app/%00']) {
      const answer = await ask(undefined, path, { headers: { ...PAGE, ...evil } });
      if (answer.status !== 303) {
        assert.ok([200, 400, 404].includes(answer.status), `${path}: ${answer.status}`); // not the application's path: the panel's, or nobody's
        continue;
      }
      assert.match(answer.headers.location, /^\/(\?return=%2F[A-Za-z0-9%._~+-]*)?$/, path);
      assert.ok(!/^%2F(%2F|%5C)/i.test(answer.headers.location.slice('/?return='.length)), `${path}: ${answer.headers.location}`);
      assert.deepEqual(answer.setCookies, []);
    }
  });

  test('keeps its own questions to itself', async () => {
    const browser = await ready();
    for (const path of ['/auth/forward', '/.edge/forward', '/auth/forward?refuse=redirect', '/auth//forward', '/./auth/forward']) {
      const answer = await ask(browser, path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers['x-tillgate-token'], undefined, path);
    }
    assert.equal((await ask(browser, '/auth/forward', { host: stack.hosts().api, headers: { 'x-forwarded-host': panel } })).status, 404);
  });

  test('passes bodies on, and what follows on the same connection is no part of them', async () => {
    const browser = await ready();
    for (const size of [0, 1, 8_000, 15_000]) {
      const answer = await ask(browser, '/app/seen', { method: 'POST', body: 'GET /smuggled HTTP/1.1\r\n'.repeat(700).slice(0, size) });
      assert.deepEqual([answer.status, answer.json.claims.tenant], [200, store.tenant.id]);
    }
  });
});

describe('the application', async () => {
  const browser = await ready();
  const { headers, claims } = await seen(browser);
  const jwk = await derivedKey(fs.readFileSync(`${stack.run}/keys/root.keys`, 'utf8'));
  const told = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-tillgate-')));
  const direct = async (more) => (await ask(undefined, '/app/seen', { port: stack.ports.application, headers: { ...told, ...more } })).status;
  const now = () => Math.floor(Date.now() / 1000);
  const signed = (change = {}, head = {}) =>
    new SignJWT({ ...claims, iat: now(), exp: now() + 60, ...change }).setProtectedHeader({ alg: 'ES256', typ: 'identity+jwt', kid: jwk.kid, ...head });

  test('takes what the keys of the root key sign: derived here by hand, as the decision describes it', async () => {
    const key = await importJWK(jwk, 'ES256');
    assert.equal(await direct({ 'x-tillgate-token': await signed().sign(key) }), 200);
  });

  test('refuses none, a tampered one, an expired one, and one for somebody else', async () => {
    const key = await importJWK(jwk, 'ES256');
    const good = told['x-tillgate-token'];
    const [head, body, signature] = good.split('.');
    const other = (part) => Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url')), ...part })).toString('base64url');
    const flipped = (text) => (text[10] === 'A' ? `${text.slice(0, 10)}B${text.slice(11)}` : `${text.slice(0, 10)}A${text.slice(11)}`);
    const stranger = (await generateKeyPair('ES256', { extractable: true })).privateKey;
    const strangerKid = await calculateJwkThumbprint(await exportJWK(stranger));
    const publicPem = crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const hostile = {
      none: undefined, empty: '', words: 'nonsense', 'two parts': `${head}.${body}`, 'four parts': `${good}.x`, 'no signature': `${head}.${body}.`,
      'another signature': `${head}.${body}.${flipped(signature)}`, 'zero signature': `${head}.${body}.${'A'.repeat(86)}`, 'a short signature': `${head}.${body}.${signature.slice(0, 40)}`,
      'another role': `${head}.${other({ role: 'owner' })}.${signature}`, 'another user': `${head}.${other({ sub: 'user_00000000000000000000000000' })}.${signature}`,
      'alg none': new UnsecuredJWT(claims).encode(), 'HS256 with the public key': await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'identity+jwt', kid: jwk.kid }).sign(Buffer.from(publicPem)),
      'a stranger\'s key': await signed().sign(stranger), 'a stranger\'s kid': await signed({}, { kid: strangerKid }).sign(stranger),
      'a stranger\'s jwk in the header': await signed({}, { jwk: await exportJWK(stranger) }).sign(stranger), 'no kid': await signed({}, { kid: undefined }).sign(key),
      'another typ': await signed({}, { typ: 'JWT' }).sign(key), 'a launch': await signed({}, { typ: 'launch+jwt' }).sign(key),
      expired: await signed({ exp: now() - 31 }).sign(key), 'no end': await signed({ exp: undefined }).sign(key), 'of the future': await signed({ iat: now() + 120, exp: now() + 300 }).sign(key),
      'another store': await signed({ aud: 'elsewhere' }).sign(key), 'another issuer': await signed({ iss: `http://elsewhere.panel.localhost` }).sign(key),
    };
    for (const [what, token] of Object.entries(hostile)) assert.equal(await direct(token === undefined ? { 'x-tillgate-token': [] } : { 'x-tillgate-token': token }), 403, what);
    assert.equal(await direct({}), 200, 'and the good one still');
  });

  test('refuses headers that the token does not bear out', async () => {
    for (const [name, value] of [['user', 'user_00000000000000000000000000'], ['role', 'owner2'], ['tenant', 'tenant_00000000000000000000000000'], ['amr', 'hwk'], ['auth-time', '1']]) {
      assert.equal(await direct({ [`x-tillgate-${name}`]: value }), 403, name);
    }
  });
});

// HKDF-SHA-256 of the newest root key, then HMAC over 0, 1, … until the number is a scalar of P-256.
async function derivedKey(file) {
  const [version, hex] = file.trim().split('\n').map((line) => line.split(' ')).sort((a, b) => b[0] - a[0])[0];
  assert.ok(Number(version) >= 1);
  const info = Buffer.concat([Buffer.alloc(16), Buffer.from('identity-es256')]);
  const purpose = Buffer.from(crypto.hkdfSync('sha256', Buffer.from(hex, 'hex'), '', info, 32));
  const scalar = crypto.createHmac('sha256', purpose).update(Buffer.from([0])).digest();
  const pair = crypto.createECDH('prime256v1');
  pair.setPrivateKey(scalar); // throws when it is none, which one in 2^32 is
  const point = pair.getPublicKey();
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url'), d: scalar.toString('base64url') };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}

test('with the server away, the application is away too', async () => {
  const { stack: own, platform: operator } = await story({ edge: true });
  const shop = await operator.store();
  const browser = await ready(shop);
  const host = own.hosts(shop.tenant.slug).panel;
  assert.equal((await ask(browser, '/app/seen', { at: own, host })).status, 200);
  await own.stopServer();
  for (const headers of [{}, PAGE, { 'x-tillgate-user': 'x', 'x-tillgate-token': 'x' }]) {
    const answer = await ask(browser, '/app/seen', { at: own, host, headers });
    assert.deepEqual([answer.status, answer.mediaType], [500, 'application/problem+json'], answer.text);
  }
  await own.startServer();
  assert.equal((await ask(browser, '/app/seen', { at: own, host })).status, 200);
});

// The other edges that ops/edge describes: Caddy runs here, Traefik is not in Debian.
describe('other edges', async () => {
  const [port] = await freePorts(1);
  const panelOf = (shop = store) => `${shop.tenant.slug}.panel.localhost:${port}`;
  const caddy = stack.start('caddy', ['caddy', 'run', '--config', `${ROOT}/ops/edge/Caddyfile`, '--adapter', 'caddyfile'], {
    env: { PANEL: `http://*.panel.localhost:${port}`, BIND: '127.0.0.1', TILLGATE: `127.0.0.1:${stack.ports.server}`, APPLICATION: `127.0.0.1:${stack.ports.application}`, HOME: stack.run } });
  await until('Caddy', () => portOpen(port));
  after(() => caddy.stop());
  const through = (browser, path, more = {}) => ask(browser, path, { port, host: panelOf(), ...more });

  test('Caddy hands on who is signed in, and nothing of it that the browser sent', async () => {
    const browser = await ready();
    const lies = Object.fromEntries(['user', 'tenant', 'role', 'amr', 'auth-time', 'token', 'sign-in'].flatMap((name) => [[`X-Tillgate-${name}`, 'lie'], [`x_tillgate_${name.replace('-', '_')}`, 'lie']]));
    const { headers, claims } = (await through(browser, '/app/seen', { headers: { ...lies, cookie: `a=1; __Host-sid=${browser.cookies.get('__Host-sid')}; b=2` } })).json;
    assert.ok(!Object.values(headers).includes('lie'), JSON.stringify(headers));
    assert.deepEqual([headers['x-tillgate-user'], headers['x-tillgate-amr'], claims.tenant], [claims.sub, 'otp', store.tenant.id]);
    assert.deepEqual(headers.cookie.match(/[ab]=\d/g), ['a=1', 'b=2']);
    assert.ok(!headers.cookie.includes('__Host-'), headers.cookie);
  });

  test('Caddy leads pages to the panel, tells the rest, and keeps /auth/forward to itself', async () => {
    const page = await through(undefined, '/app/orders?page=2', { headers: PAGE });
    assert.deepEqual([page.status, page.headers.location], [303, '/?return=%2Fapp%2Forders%3Fpage%3D2']);
    ledAway(await through(undefined, '/app/seen', { headers: { 'x-tillgate-user': 'x', 'x-tillgate-token': 'x', 'x-forwarded-uri': '//evil.example' } }));
    assert.equal((await through(undefined, '/auth/forward')).status, 404);
    assert.equal((await through(undefined, '/api/time')).status, 200);
    const browser = await ready();
    ledAway(await through(browser, '/app/seen', { host: panelOf(await platform.store()) }));
    expect(await browser.call('DELETE', '/api/session'), 204);
    ledAway(await through(browser, '/app/seen'));
  });

  test('every example names the headers that there are', () => {
    const names = Object.keys(operation('identity_read').responses['200'].headers).filter((name) => name.startsWith('X-Tillgate-')).sort();
    const read = (file) => fs.readFileSync(`${ROOT}/ops/edge/${file}`, 'utf8');
    assert.deepEqual([...read('application.conf.in').matchAll(/proxy_set_header (X-Tillgate-\S+) \$/g)].map((match) => match[1]).sort(), names);
    assert.deepEqual(read('Caddyfile').match(/copy_headers (.*)/)[1].split(' ').sort(), names);
    const { forwardAuth } = load(read('traefik.yaml')).http.middlewares.tillgate;
    assert.deepEqual(forwardAuth.authResponseHeaders.toSorted(), names);
    assert.equal(new URL(forwardAuth.address).searchParams.get('refuse'), 'redirect');
  });
});
