import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'user_01kamp5sw0fh4rjv2x0bq2mtjx';
const base = (store) => `/v1/tenants/${store.tenant.id}/users`;
const list = async (store, query = '') => expect(await platform.call('GET', `${base(store)}${query}`), 200);
const read = async (store, id) => expect(await platform.call('GET', `${base(store)}/${id}`), 200);
const idOf = async (browser) => (await browser.session()).user.id;

// Users by name, e-mail and external id; their ids in that order.
async function people(store, ...who) {
  const ids = [];
  for (const [name, email, external_id] of who) ids.push((await store.ticket({ user: { name, external_id, ...(email ? { email } : {}) } })).user.id);
  return ids;
}
// All pages, by two.
async function pages(ask, query) {
  const items = [];
  for (let cursor = ''; cursor !== null;) {
    const page = await ask(`?limit=2${query}${cursor ? `&cursor=${cursor}` : ''}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items.map((one) => one.id);
}

describe('user_list', () => {
  test('refuses bad filters and an unknown store', async () => {
    const store = await platform.store();
    problem(await platform.call('GET', `${base(store)}?state=gone&q=&limit=0`), 422, 'body_invalid', '?limit', '?q', '?state');
    problem(await platform.call('GET', `${base(store)}?q=a%01`), 422, 'body_invalid', '?q');
    problem(await platform.call('GET', `${base(store)}?q=${'x'.repeat(129)}`), 422, 'body_invalid', '?q');
    problem(await platform.call('GET', `${base(store)}?q=a&cursor=${UNKNOWN}`), 422, 'body_invalid', '?cursor');
    problem(await platform.call('GET', `/v1/tenants/tenant_01kamp5sw0fh4rjv2x0bq2mtjx/users`), 404, 'not_found');
  });

  test('shows all users in pages, oldest first, and none of another store', async () => {
    const [store, other] = [await platform.store(), await platform.store()];
    const ids = await people(store, ['Zoe', null, '1'], ['Ann', null, '2'], ['Mia', null, '3'], ['Eve', null, '4'], ['Kim', null, '5']);
    await people(other, ['Ann', null, '1']);
    assert.deepEqual(await pages((query) => list(store, query), ''), ids);
    assert.deepEqual((await list(store, `?cursor=${UNKNOWN.replace('01k', '7zz')}`)), { items: [], next_cursor: null });
  });

  test('finds by the beginning of name, e-mail or external id, each user once, whatever the page', async () => {
    const store = await platform.store();
    const [zed, ann, anna, mail, id, exact] = await people(store, ['Zed', null, 'z'], ['ANN Arbor', 'ann@x.example', 'ann-1'],
      ['Anna', 'other@x.example', '3'], ['Bob', 'Annie@x.example', 'annex'], ['Cat', null, 'ann-9'], ['An%_', null, '6']);
    for (const q of ['ann', 'ANN']) assert.deepEqual(await pages((query) => list(store, query), `&q=${q}`), [ann, anna, mail, id]);
    assert.deepEqual(await pages((query) => list(store, query), '&q=ann%20'), [ann]);
    assert.deepEqual(await pages((query) => list(store, query), '&q=an%25_'), [exact], 'no character is a wildcard');
    assert.deepEqual(await pages((query) => list(store, query), '&q=z'), [zed]);
    assert.deepEqual(await pages((query) => list(store, query), '&q=nn'), []);
  });

  test('finds by state, and by state and text', async () => {
    const store = await platform.store();
    const [, wrong, gone] = await people(store, ['Ann', null, '1'], ['Bea', null, '2'], ['Bob', null, '3']);
    await db.rows(`update app.users set locked_until = now() + interval '1 hour' where app.typeid('user', user_id) = $1`, wrong);
    await db.rows(`update app.users set removed_at = now() where app.typeid('user', user_id) = $1`, gone);
    assert.deepEqual((await list(store, '?state=locked')).items.map((one) => one.id), [wrong]);
    assert.deepEqual((await list(store, '?state=removed')).items.map((one) => one.id), [gone]);
    assert.deepEqual((await list(store, '?state=active')).items.map((one) => one.name), ['Ann']);
    assert.deepEqual((await list(store, '?state=locked&q=b')).items.map((one) => one.id), [wrong]);
    await db.rows(`update app.users set locked_until = now() where app.typeid('user', user_id) = $1`, wrong);
    assert.deepEqual((await list(store, '?state=active')).items.map((one) => one.name), ['Ann', 'Bea'], 'a lock that is over is none');
  });
});

describe('user_read', () => {
  test('unknown users and users of another store are not found', async () => {
    const [store, other] = [await platform.store(), await platform.store()];
    const [id] = await people(other, ['Ann', null, '1']);
    for (const one of [UNKNOWN, id, 'x']) problem(await platform.call('GET', `${base(store)}/${one}`), 404, 'not_found');
  });

  test('shows methods, the second step and when the user last signed in, and never a number', async () => {
    const store = await platform.store();
    const launched = await store.launch({ user: { role: 'owner', email: 'ann@x.example' } });
    const user = await read(store, await idOf(launched));
    assert.deepEqual({ ...user, id: 0, external_id: 0, created_at: 0 }, { id: 0, external_id: 0, name: 'Ann Arbor', email: 'ann@x.example', role: 'owner', locale: 'en',
      state: 'active', locked_until: null, lock_reason: null, methods: [], second_step: 'none', sessions: 1, last_signed_in_at: null, created_at: 0, bypass: null });

    const browser = await store.signedIn();
    await browser.backupCodes();
    const id = await idOf(browser);
    const ready = await read(store, id);
    assert.deepEqual(ready.methods.map((one) => one.method), ['sms', 'backup_code']);
    assert.equal(ready.second_step, 'set_up');
    assert.ok(!JSON.stringify(ready).includes(browser.number.slice(2)));
    assert.ok(Date.now() - Date.parse(ready.last_signed_in_at) < 60_000);

    await setRows(db, browser, 'users', `last_signed_in_at = null`);
    await browser.secondStep();
    assert.equal((await read(store, id)).last_signed_in_at, null, 'a renewal is no sign-in');
    await store.relaunch(browser);
    await browser.secondStep();
    assert.notEqual((await read(store, id)).last_signed_in_at, null);
  });
});

const post = (store, id, what, json = { reason: 'a test' }) => platform.call('POST', `${base(store)}/${id}/${what}`, { json });
const remove = (store, id, what = '') => platform.call('DELETE', `${base(store)}/${id}${what}`);
const change = (store, id, json, etag = '*') => platform.call('PATCH', `${base(store)}/${id}`, { json, headers: { 'if-match': etag } });
const events = (id, kind) => db.rows(`select * from app.event_entries where app.typeid('user', user_id) = $1 and kind = $2
  union all select tenant_id, event_id, at, request_id, kind, user_id, actor_id, caller, null, detail from app.event_lines where app.typeid('user', user_id) = $1 and kind = $2`, id, kind);
const ticketFor = (store, browser) => store.call('POST', '/v1/launches', { json: { user: { external_id: browser.externalId, name: 'Ann', role: 'admin' } } });

// A store with an owner and an admin who has everything: phone, authenticator, backup codes, a trusted device, a session.
async function withUser() {
  const store = await platform.store();
  const owner = await store.signedIn({ user: { role: 'owner' } });
  const browser = await store.signedIn();
  await browser.setUpAuthenticator();
  const codes = await browser.backupCodes();
  await store.relaunch(browser);
  await browser.secondStep({ remember_device: true });
  return { store, owner, browser, codes, id: await idOf(browser), ownerId: await idOf(owner) };
}

describe('user_lock, user_unlock', () => {
  test('name a missing reason, and refuse unknown, foreign and removed users', async () => {
    const { store, id } = await withUser();
    const { id: foreign } = await withUser();
    for (const what of ['lock', 'unlock', 'reset']) {
      problem(await post(store, id, what, {}), 422, 'body_invalid', '/reason');
      problem(await post(store, id, what, { reason: 'x'.repeat(201), until: 1 }), 422, 'body_invalid', '/reason', '/until');
      for (const one of [UNKNOWN, foreign, 'x']) problem(await post(store, one, what), 404, 'not_found');
    }
    expect(await remove(store, id), 204);
    for (const what of ['lock', 'unlock', 'reset']) problem(await post(store, id, what), 409, 'user_removed');
    assert.equal((await events(foreign, 'user_locked')).length, 0);
  });

  test('a lock ends sessions, tickets and trusted devices at once and holds until it is taken back', async () => {
    const { store, browser, id } = await withUser();
    const { ticket } = await store.ticket({ user: { external_id: browser.externalId } });
    const locked = expect(await post(store, id, 'lock', { reason: 'stolen' }), 200);
    assert.deepEqual([locked.state, locked.lock_reason, locked.locked_until, locked.sessions], ['locked', 'stolen', null, 0]);
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await browser.copy().redeem(ticket)).headers.location, '/?problem=launch_expired');
    problem(await ticketFor(store, browser), 403, 'user_locked');
    assert.equal(expect(await post(store, id, 'lock', { reason: 'again' }), 200).lock_reason, 'stolen', 'the first lock stays');
    const [event, ...more] = await events(id, 'user_locked');
    assert.deepEqual([event.caller, more.length], ['platform', 0]);

    const free = expect(await post(store, id, 'unlock'), 200);
    assert.deepEqual([free.state, free.lock_reason], ['active', null]);
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
    await browser.secondStep();
    assert.equal((await events(id, 'user_unlocked')).length, 1);
  });

  test('unlocking also ends the lock for wrong codes and switches methods on again', async () => {
    const { store, browser, id } = await withUser();
    await setRows(db, browser, 'users', `locked_until = now() + interval '1 day', lock_level = 7, sms_wrong = 100, wrong_codes = 10`);
    const user = await read(store, id);
    assert.equal(user.state, 'locked');
    assert.ok(Date.parse(user.locked_until) > Date.now());
    assert.ok(user.methods.find((one) => one.method === 'sms').off);
    const free = expect(await post(store, id, 'unlock'), 200);
    assert.deepEqual([free.state, free.locked_until, free.methods.some((one) => one.off)], ['active', null, false]);
  });

  test('the same Idempotency-Key gets the first answer, whatever happened meanwhile', async () => {
    const { store, id } = await withUser();
    const lock = () => platform.call('POST', `${base(store)}/${id}/lock`, { json: { reason: 'x' }, headers: { 'idempotency-key': `lock ${id}` } });
    expect(await lock(), 200);
    expect(await post(store, id, 'unlock'), 200);
    const again = await lock();
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal((await read(store, id)).state, 'active');
  });
});

describe('user_reset', () => {
  test('takes methods, codes, devices and sessions away; the next launch sets up anew', async () => {
    const { store, browser, id, codes } = await withUser();
    const waiting = await store.relaunch(browser.copy());
    const challenge = await waiting.textMe();
    const reset = expect(await post(store, id, 'reset', { reason: 'phone lost' }), 200);
    assert.deepEqual([reset.methods, reset.second_step, reset.sessions, reset.state], [[], 'none', 0, 'active']);
    for (const one of [browser, waiting]) problem(await one.call('GET', '/api/session'), 401, 'session_required');
    problem(await waiting.verify(challenge.code, { challenge: challenge.id }), 401, 'session_required');
    await store.relaunch(browser);
    assert.equal((await browser.session()).state, 'set_up');
    problem(await browser.verify(challenge.code, { challenge: challenge.id }), 422, 'code_expired');
    for (const code of [codes[0], browser.totp()]) assert.ok((await browser.verify(code)).status >= 400);
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
    for (const table of ['phones', 'authenticators', 'backup_codes', 'devices']) {
      assert.equal(await db.value(`select count(*) from app.${table} where app.typeid('user', user_id) = $1`, id), 0, table);
    }
    await browser.setUpPhone();
    assert.equal((await read(store, id)).second_step, 'set_up');
  });

  test('leaves a lock by a person', async () => {
    const { store, id } = await withUser();
    await post(store, id, 'lock');
    assert.equal(expect(await post(store, id, 'reset'), 200).state, 'locked');
  });
});

describe('user_sessions_end, user_devices_clear', () => {
  test('end what they name, at once, and nothing else', async () => {
    const { store, owner, browser, id } = await withUser();
    for (const one of [UNKNOWN, 'x']) for (const what of ['/sessions', '/devices']) problem(await remove(store, one, what), 404, 'not_found');
    const { ticket } = await store.ticket({ user: { external_id: browser.externalId } });
    expect(await remove(store, id, '/sessions'), 204);
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await browser.copy().redeem(ticket)).headers.location, '/?problem=launch_expired');
    await owner.session();
    await store.relaunch(browser);
    expect(await browser.call('POST', '/api/second-step/device'), 200);
    expect(await remove(store, id, '/devices'), 204);
    await browser.session();
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
  });
});

describe('user_change', () => {
  test('names bad fields, needs the version, and refuses unknown and removed users', async () => {
    const { store, id, ownerId } = await withUser();
    problem(await change(store, id, {}), 422, 'body_invalid', '');
    problem(await change(store, id, { name: '', email: 'x', role: 'root', locale: 'xx', external_id: '1' }), 422, 'body_invalid', '/email', '/external_id', '/locale', '/name', '/role');
    problem(await platform.call('PATCH', `${base(store)}/${id}`, { json: { name: 'x' } }), 428, 'precondition_required');
    problem(await change(store, id, { name: 'x' }, '"999"'), 412, 'precondition_failed');
    problem(await change(store, UNKNOWN, { name: 'x' }), 404, 'not_found');
    problem(await change(await platform.store(), ownerId, { name: 'x' }), 404, 'not_found');
    expect(await remove(store, id), 204);
    problem(await change(store, id, { name: 'x' }), 409, 'user_removed');
  });

  test('changes what is given, once for each version', async () => {
    const { store, id } = await withUser();
    const { headers: { etag } } = await platform.call('GET', `${base(store)}/${id}`);
    const changed = await change(store, id, { name: 'Bob', email: 'bob@x.example', locale: 'de' }, etag);
    expect(changed, 200);
    assert.deepEqual([changed.json.name, changed.json.email, changed.json.locale, changed.json.role], ['Bob', 'bob@x.example', 'de', 'admin']);
    assert.notEqual(changed.headers.etag, etag);
    problem(await change(store, id, { name: 'Eve' }, etag), 412, 'precondition_failed');
    assert.deepEqual((await list(store, '?q=bob@')).items.map((one) => one.id), [id]);
  });

  test('a lower role holds for live sessions at once, and the last owner stays', async () => {
    const { store, owner, id, ownerId } = await withUser();
    problem(await change(store, ownerId, { role: 'admin' }), 409, 'last_owner');
    problem(await remove(store, ownerId), 409, 'last_owner');
    expect(await change(store, ownerId, { role: 'owner', name: 'Still' }), 200);
    expect(await change(store, id, { role: 'owner' }), 200);
    expect(await owner.call('GET', '/api/users'), 200);
    expect(await change(store, ownerId, { role: 'viewer' }), 200);
    problem(await owner.call('GET', '/api/users'), 403, 'owner_required');
    assert.equal((await owner.session()).user.role, 'viewer');
    problem(await change(store, id, { role: 'admin' }), 409, 'last_owner');
  });

  test('of two owners who are lowered, or removed, at once one stays', async () => {
    for (const attempt of [(store, id) => change(store, id, { role: 'admin' }), (store, id) => remove(store, id)]) {
      const { store, id, ownerId } = await withUser();
      expect(await change(store, id, { role: 'owner' }), 200);
      const answers = await Promise.all([id, ownerId].map((one) => attempt(store, one)));
      assert.deepEqual(answers.map((one) => one.status < 300).sort(), [false, true]);
      problem(answers.find((one) => one.status >= 300), 409, 'last_owner');
      assert.equal(await db.value(`select count(*) from app.users u join app.tenants t using (tenant_id) where t.slug = $1 and u.role = 'owner' and u.removed_at is null`, store.tenant.slug), 1);
    }
  });
});

describe('user_remove', () => {
  test('ends everything at once and for good; removing twice is fine', async () => {
    const { store, browser, id } = await withUser();
    const { ticket } = await store.ticket({ user: { external_id: browser.externalId } });
    for (let i = 0; i < 2; i++) expect(await remove(store, id), 204);
    problem(await browser.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await browser.copy().redeem(ticket)).headers.location, '/?problem=launch_expired');
    problem(await ticketFor(store, browser), 404, 'not_found');
    const user = await read(store, id);
    assert.deepEqual([user.state, user.methods, user.sessions], ['removed', [], 0]);
    assert.equal((await events(id, 'user_removed')).length, 1);
    for (const one of [UNKNOWN, 'x']) problem(await remove(store, one), 404, 'not_found');
  });
});
