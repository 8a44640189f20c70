import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Panel, problem, expect } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();

describe('session_read', () => {
  test('refuses no cookie, a malformed one, an unknown one and one sent twice', async () => {
    const browser = new Panel(stack, store.tenant.slug);
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    for (const cookie of ['', 'x', 'A'.repeat(86), 'A'.repeat(85), `${'A'.repeat(85)}=`, '!'.repeat(86), 'A'.repeat(5000)]) {
      problem(await browser.call('GET', '/api/session', { headers: { cookie: `__Host-sid=${cookie}` } }), 401, 'session_required');
    }
    const good = await store.launch();
    const value = good.cookies.get('__Host-sid');
    problem(await browser.call('GET', '/api/session', { headers: { cookie: `__Host-sid=${value}; __Host-sid=${value}` } }), 401, 'session_required');
    problem(await browser.call('GET', '/api/session', { headers: { cookie: `sid=${value}` } }), 401, 'session_required');
  });

  test('AZ-1 a session of one store is none at another store', async () => {
    const other = await platform.store();
    const browser = await store.launch();
    problem(await browser.call('GET', '/api/session', { host: stack.hosts(other.tenant.slug).panel }), 401, 'session_required');
  });

  test('goes from set_up over second_step to ready', async () => {
    const browser = await store.launch();
    assert.equal((await browser.session()).state, 'set_up');
    await browser.setUpPhone();
    const ready = await browser.session();
    assert.equal(ready.state, 'ready');
    assert.deepEqual(ready.methods.map((one) => one.method), ['sms']);
    assert.equal(ready.preferred_method, 'sms');
    assert.match(ready.phone.hint, /^\+1 .*[0-9]{2}$/);
    assert.ok(!ready.phone.hint.includes(browser.number.slice(2, 8)), 'the hint shows too much');
    assert.ok(ready.fresh_until > ready.server_time);
    assert.equal((await (await store.relaunch(browser.copy())).session()).state, 'second_step');
  });

  test('SES-2 ends after 15 idle minutes, lives on when used', async () => {
    const browser = await store.signedIn();
    await pass(db, browser, '14 minutes');
    await browser.session();
    await pass(db, browser, '14 minutes');
    await browser.session();
    await pass(db, browser, '16 minutes');
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
  });

  test('SES-2 ends 12 hours after it was made, however busy', async () => {
    const browser = await store.signedIn();
    await db.rows(`update app.sessions set expires_at = now() - interval '1 second' where tenant_id in (select tenant_id from app.tenants where slug = $1)`, store.tenant.slug);
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    const again = await store.signedIn();
    const { expires_at, server_time } = await again.session();
    assert.equal(Math.round((Date.parse(expires_at) - Date.parse(server_time)) / 3_600_000), 12);
  });

  test('a launched session lives ten minutes', async () => {
    const browser = await store.launch();
    const { expires_at, server_time } = await browser.session();
    assert.ok(Math.abs(Date.parse(expires_at) - Date.parse(server_time) - 600_000) < 60_000);
    await pass(db, browser, '11 minutes');
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
  });

  test('freshness ends after 15 minutes, the session does not', async () => {
    const browser = await store.signedIn();
    await pass(db, browser, '10 minutes');
    await browser.session();
    await pass(db, browser, '6 minutes');
    const session = await browser.session();
    assert.deepEqual([session.state, session.fresh_until], ['ready', null]);
    problem(await browser.call('POST', '/api/backup-codes'), 403, 'fresh_session_required');
    await browser.secondStep();
    expect(await browser.call('POST', '/api/backup-codes'), 201);
  });
});

describe('session_end', () => {
  test('needs the fences, then ends the session and clears the browser', async () => {
    const browser = await store.signedIn();
    problem(await browser.call('DELETE', '/api/session', { headers: { origin: null } }), 403, 'origin_refused');
    const old = browser.copy();
    const answer = await browser.call('DELETE', '/api/session');
    expect(answer, 204);
    // Not "cookies": a remembered device outlives a sign-out.
    assert.equal(answer.headers['clear-site-data'], '"cache", "storage"');
    assert.equal(browser.cookies.has('__Host-sid'), false);
    problem(await old.call('GET', '/api/session'), 401, 'session_required');
    problem(await old.call('DELETE', '/api/session'), 401, 'session_required');
  });
});

describe('session_list, session_remove, session_end_others', () => {
  const two = async () => {
    const one = await store.signedIn();
    const other = await store.relaunch(one.copy());
    await other.secondStep();
    return [one, other];
  };
  const list = async (browser) => expect(await browser.call('GET', '/api/sessions'), 200).items;

  test('need a finished second step', async () => {
    const browser = await store.launch();
    for (const [method, path] of [['GET', '/api/sessions'], ['DELETE', '/api/sessions'], ['DELETE', '/api/sessions/session_01kamp5sw0fh4rjv2x0bq2mtjx']]) {
      problem(await browser.call(method, path), 403, 'second_step_required');
    }
  });

  test('list what is live, and say which one is this', async () => {
    const [one, other] = await two();
    const items = await list(one);
    assert.equal(items.length, 2);
    assert.equal(items.filter((item) => item.current).length, 1);
    assert.notEqual(items.find((item) => item.current).id, (await list(other)).find((item) => item.current).id);
    assert.ok(items.every((item) => item.address.startsWith('198.')));
  });

  test('a session of another user or tenant is not found, and stays', async () => {
    const [one] = await two();
    const stranger = await store.signedIn();
    const foreigner = await (await platform.store()).signedIn();
    for (const victim of [stranger, foreigner]) {
      const [{ id }] = await list(victim);
      problem(await one.call('DELETE', `/api/sessions/${id}`), 404, 'not_found');
      assert.equal((await victim.session()).state, 'ready');
    }
    problem(await one.call('DELETE', '/api/sessions/nonsense'), 404, 'not_found');
  });

  test('end another session at once', async () => {
    const [one, other] = await two();
    const { id } = (await list(one)).find((item) => !item.current);
    expect(await one.call('DELETE', `/api/sessions/${id}`), 204);
    problem(await other.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await list(one)).length, 1);
  });

  test('SES-4 end all others at once', async () => {
    const [one, other] = await two();
    expect(await other.call('DELETE', '/api/sessions'), 204);
    problem(await one.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await list(other)).length, 1);
  });
});

test('time_read tells the time without a session', async () => {
  const { server_time } = expect(await new Panel(stack, store.tenant.slug).call('GET', '/api/time'), 200);
  assert.ok(Math.abs(Date.parse(server_time) - Date.now()) < 60_000);
});
