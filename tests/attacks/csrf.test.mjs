import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, Panel, expect } from '../harness/suite.mjs';
import { operations, resolve } from '../harness/contract.mjs';
import { sampleOf } from '../harness/samples.mjs';

const { stack, platform, db } = await suite({ edge: true });
const store = await platform.store();
const mutations = operations.filter((one) => one.host === 'panel' && one.method !== 'GET' && one.id !== 'launch_redeem');

// Every fence alone must hold: all others are in order in each of these.
const HOSTILE = {
  'no Origin': { origin: null },
  'Origin null': { origin: 'null' },
  'Origin of another site': { origin: 'https://evil.example' },
  'Origin of another store': { origin: `http://${stack.hosts('evil-store').panel}` },
  'Origin with another scheme': { origin: `https://${stack.hosts(store.tenant.slug).panel}` },
  'Origin with another port': { origin: `http://${store.tenant.slug}.panel.localhost:1` },
  'Origin that only begins like ours': { origin: `http://${stack.hosts(store.tenant.slug).panel}.evil.example` },
  'Origin with a path': { origin: `http://${stack.hosts(store.tenant.slug).panel}/` },
  'Origin in capitals': { origin: `HTTP://${stack.hosts(store.tenant.slug).panel.toUpperCase()}` },
  'Referer instead of Origin': { origin: null, referer: `http://${stack.hosts(store.tenant.slug).panel}/` },
  'no X-Requested-By': { 'x-requested-by': null },
  'another X-Requested-By': { 'x-requested-by': 'XMLHttpRequest' },
  'Sec-Fetch-Site cross-site': { 'sec-fetch-site': 'cross-site' },
  'Sec-Fetch-Site same-site': { 'sec-fetch-site': 'same-site' },
  'Sec-Fetch-Site none': { 'sec-fetch-site': 'none' },
};

describe('API-4 forged changes', () => {
  for (const one of mutations) {
    test(`${one.id} refuses every forged origin, and changes nothing`, async () => {
      const browser = await store.launch();
      const path = one.template.replace(/\{[^}]+\}/g, 'x');
      const schema = one.body?.content['application/json']?.schema;
      const json = schema && one.body.required ? sampleOf(resolve(schema)) : undefined;
      for (const [what, headers] of Object.entries(HOSTILE)) {
        const answer = await browser.call(one.method, path, { json, headers });
        assert.equal(`${answer.status} ${answer.json?.code}`, '403 origin_refused', what);
        assert.deepEqual(answer.setCookies, [], what);
      }
      expect(await browser.call('GET', '/api/session'), 200);
    });
  }

  test('the fences come before the session: a forged request learns nothing about the cookie', async () => {
    const stranger = new Panel(stack, store.tenant.slug);
    problem(await stranger.call('DELETE', '/api/session', { headers: { origin: 'https://evil.example' } }), 403, 'origin_refused');
  });

  test('a form of another site reaches nothing: its content types are refused', async () => {
    const browser = await store.launch();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      problem(await browser.call('PUT', '/api/phone', { body: '{"number":"+12015550123","consent":true}', headers: { 'content-type': type } }), 415, 'content_type_unsupported');
    }
    assert.equal((await browser.session()).phone, null);
  });

  test('CORS is off: no answer to a preflight allows anything', async () => {
    const browser = await store.launch();
    for (const path of ['/api/session', '/api/phone', '/launch']) {
      const answer = await browser.call('OPTIONS', path, { unchecked: true, headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-requested-by' } });
      assert.ok(answer.status >= 400);
      for (const name of Object.keys(answer.headers)) assert.ok(!name.startsWith('access-control-'), name);
    }
  });

  test('the second origin of the panel, over https, is as good as the first', async () => {
    const browser = await store.launch();
    const origin = `https://${store.tenant.slug}.panel.localhost:${stack.ports.https}`;
    assert.equal((await browser.call('DELETE', '/api/session', { headers: { origin } })).status, 204);
  });
});

describe('SES-3 cookies and fixation', () => {
  const attributes = (line) => line.split(/; */).slice(1).map((one) => one.toLowerCase()).sort();

  test('SES-1 __Host-sid is Secure, HttpOnly, SameSite=Strict, Path=/ and lives twelve hours', async () => {
    const { ticket } = await store.ticket();
    const { setCookies: [line, ...more] } = await new Panel(stack, store.tenant.slug).redeem(ticket);
    assert.deepEqual(more, []);
    assert.match(line, /^__Host-sid=[0-9A-Za-z_-]{86}; /);
    assert.deepEqual(attributes(line), ['httponly', 'max-age=43200', 'path=/', 'samesite=strict', 'secure']);
  });

  test('SES-1 __Host-device is as strict and lives two weeks', async () => {
    const browser = await store.signedIn();
    await store.relaunch(browser);
    const { id, code } = await browser.textMe();
    const { setCookies } = await browser.verify(code, { challenge: id, remember_device: true });
    const line = setCookies.find((one) => one.startsWith('__Host-device='));
    assert.match(line, /^__Host-device=[0-9A-Za-z_-]{86}; /);
    assert.deepEqual(attributes(line), ['httponly', 'max-age=1209600', 'path=/', 'samesite=strict', 'secure']);
    assert.equal(setCookies.length, 2);
  });

  test('SES-1 the database holds no cookie, only its hash', async () => {
    const browser = await store.launch();
    const token = Buffer.from(browser.cookies.get('__Host-sid'), 'base64url');
    const text = JSON.stringify(await db.rows(`select encode(token_hash, 'hex') as hash, s.* from app.sessions s`));
    assert.ok(!text.includes(token.subarray(32).toString('hex')));
    assert.ok(text.includes((await import('node:crypto')).createHash('sha256').update(token).digest('hex')));
  });

  test('SES-3 a planted cookie is never adopted', async () => {
    const planted = Buffer.alloc(64, 7).toString('base64url');
    const browser = new Panel(stack, store.tenant.slug);
    browser.cookies.set('__Host-sid', planted);
    await store.relaunch(browser);
    assert.notEqual(browser.cookies.get('__Host-sid'), planted);
    const attacker = new Panel(stack, store.tenant.slug);
    attacker.cookies.set('__Host-sid', planted);
    problem(await attacker.call('GET', '/api/session'), 401, 'session_required');
  });

  test('SES-3 a cookie from before any rise is dead after it', async () => {
    const browser = await store.launch();
    const olds = [browser.copy()];
    await browser.setUpPhone();
    olds.push(browser.copy());
    await browser.setUpAuthenticator();
    olds.push(browser.copy());
    const [code] = await browser.backupCodes();
    expect(await browser.verify(code), 200);
    for (const old of olds) problem(await old.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await browser.session()).state, 'ready');
  });

  test('login CSRF: a launch of another user replaces the session, and never mixes the two', async () => {
    const victim = await store.signedIn();
    const before = await victim.session();
    const { ticket } = await store.ticket({ user: { external_id: 'attacker' } });
    await victim.redeem(ticket);
    const after = await victim.session();
    assert.notEqual(after.user.id, before.user.id);
    assert.equal(after.state, 'set_up');
  });

  test('a cookie with tenant or user exchanged is no cookie', async () => {
    const [ann, bob] = [await store.launch(), await store.launch()];
    const parts = (browser) => { const bytes = Buffer.from(browser.cookies.get('__Host-sid'), 'base64url'); return [bytes.subarray(0, 16), bytes.subarray(16, 32), bytes.subarray(32)]; };
    const [a, b] = [parts(ann), parts(bob)];
    const mixed = [[a[0], b[1], a[2]], [b[0], a[1], b[2]], [Buffer.alloc(16), a[1], a[2]], [a[0], a[1], b[2]]];
    for (const bytes of mixed) {
      const browser = new Panel(stack, store.tenant.slug);
      browser.cookies.set('__Host-sid', Buffer.concat(bytes).toString('base64url'));
      if (Buffer.concat(bytes).equals(Buffer.concat(b))) continue;
      problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    }
  });
});
