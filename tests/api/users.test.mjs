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
      state: 'active', locked_until: null, lock_reason: null, methods: [], second_step: 'none', last_signed_in_at: null, created_at: 0, bypass: null });

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
