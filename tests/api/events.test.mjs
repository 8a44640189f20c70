// The audit trail as the platform reads it, and as a store's owner does.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, until, wrongCode } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const BAD = ['limit=0', 'limit=201', 'cursor=x', `cursor=${UNKNOWN}`, 'cursor=', 'kind=', 'kind=Signed', 'kind=a%7Cb', 'kind=a,', 'kind=,a', `kind=${Array(41).fill('a')}`, `kind=a${'b'.repeat(63)}`, 'user=x', `user=${UNKNOWN}`,
  'since=yesterday', 'since=2026-11-22', 'since=2026-02-30T00:00:00Z', 'since=2026-11-22T24:00:00Z', 'until=2026-11-22T10:00:00.1234Z', 'until=1969-01-01T00:00:00Z', 'q=', 'q=%00', `q=${'x'.repeat(129)}`, 'other=1'];
const list = (tenant, query = '') => platform.call('GET', `/v1/tenants/${tenant.id ?? tenant}/events${query && `?${query}`}`);
const kinds = (page) => page.items.map((one) => one.kind);

// A store whose owner has signed in, with one wrong code before.
async function lived(name = 'Olivia Owner') {
  const store = await platform.store();
  const owner = await store.launch({ user: { name, role: 'owner', email: `${name.split(' ')[0].toLowerCase()}@shop.example` } });
  await owner.setUpPhone();
  const { id, code } = await owner.textMe();
  problem(await owner.verify(wrongCode(code), { challenge: id }), 422, 'code_wrong');
  return { store, owner };
}
async function admin(store, name = 'Adam Admin') {
  const browser = await store.launch({ user: { name, role: 'admin' } });
  await browser.setUpAuthenticator();
  return browser;
}
const chained = (tenant) => until('the audit trail to be chained', async () =>
  (await db.value(`select count(*) from app.event_entries where app.typeid('tenant', tenant_id) = $1`, tenant.id)) === 0);

async function walk(get, limit) {
  const items = [];
  for (let cursor = ''; cursor !== null;) {
    const page = expect(await get(`limit=${limit}${cursor && `&cursor=${cursor}`}`), 200);
    assert.ok(page.items.length <= limit);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

describe('event_list', () => {
  for (const query of BAD) {
    test(`refuses ?${query.slice(0, 40)}`, async () => {
      const [name] = query.split('=');
      problem(await list(await platform.tenant(), query), 422, 'body_invalid', `?${name}`);
    });
  }

  test('a foreign store is not found; a store cannot read its own here', async () => {
    problem(await list(UNKNOWN), 404, 'not_found');
    const store = await platform.store();
    problem(await store.call('GET', `/v1/tenants/${store.tenant.id}/events`), 401, 'key_refused');
  });

  test('newest first, page by page, chained or not, each once', async () => {
    const { store } = await lived();
    const whole = expect(await list(store.tenant, 'limit=200'), 200).items;
    for (const limit of [1, 2, 7]) assert.deepEqual((await walk((query) => list(store.tenant, query), limit)).map((one) => one.id), whole.map((one) => one.id));
    assert.deepEqual(whole.map((one) => one.id), whole.map((one) => one.id).sort().reverse());
    await chained(store.tenant);
    const later = expect(await list(store.tenant, 'limit=200'), 200).items;
    assert.deepEqual(later.map(({ line: _, ...one }) => one), whole.map(({ line: _, ...one }) => one), 'the same with and without a line');
    assert.deepEqual(later.map((one) => one.line).sort((a, b) => a - b), whole.map((_, i) => i + 1));
    for (const kind of ['tenant_created', 'key_created', 'launch_created', 'launch_redeemed', 'phone_saved', 'phone_verified', 'code_refused']) {
      assert.ok(kinds({ items: whole }).includes(kind), `${kind} is missing in ${kinds({ items: whole })}`);
    }
  });

  test('kind, user, since and until, alone and together', async () => {
    const { store } = await lived();
    const other = await admin(store);
    const { items } = expect(await list(store.tenant, 'limit=200'), 200);
    const olivia = items.find((one) => one.kind === 'phone_verified').user;
    const same = async (query, keep) => assert.deepEqual(expect(await list(store.tenant, `limit=200&${query}`), 200).items.map((one) => one.id), items.filter(keep).map((one) => one.id), query);
    await same('kind=launch_created', (one) => one.kind === 'launch_created');
    await same(`user=${olivia}`, (one) => one.user === olivia);
    await same(`user=${olivia}&kind=launch_created`, (one) => one.user === olivia && one.kind === 'launch_created');
    const { at } = items[3];
    await same(`since=${at}`, (one) => one.at >= at);
    await same(`until=${at}`, (one) => one.at < at);
    await same(`since=${items[5].at}&until=${at}`, (one) => one.at >= items[5].at && one.at < at);
    await same('kind=phone_saved,launch_created,nothing_like_it', (one) => ['phone_saved', 'launch_created'].includes(one.kind));
    await same('kind=nothing_like_it', () => false);
    await same('user=user_01kamp5sw0fh4rjv2x0bq2mtjx', () => false);
    await same('q=launch', (one) => one.kind.startsWith('launch'));
    await same('q=OLIV', (one) => one.user === olivia);
    await same('q=olivia@shop', (one) => one.user === olivia);
    await same(`q=${other.externalId}`, (one) => one.user !== olivia && one.user !== null);
    await same('q=launch&user=' + olivia, (one) => one.kind.startsWith('launch') && one.user === olivia);
    await same('q=oliv&kind=phone_saved', (one) => one.kind === 'phone_saved');
    await same('q=oliv&kind=phone_saved,launch_created', (one) => ['phone_saved', 'launch_created'].includes(one.kind) && one.user === olivia);
    await same('q=nobody', () => false);
    const pages = await walk((query) => list(store.tenant, `q=launch&${query}`), 1);
    assert.deepEqual(pages.map((one) => one.id), items.filter((one) => one.kind.startsWith('launch')).map((one) => one.id));
  });

  test('an event says who, where from, by which request; never a code or a whole number', async () => {
    const { store, owner } = await lived();
    const saved = expect(await list(store.tenant, 'kind=phone_saved'), 200).items[0];
    assert.deepEqual([saved.caller, saved.address, saved.actor], ['session', owner.address, null]);
    assert.match(saved.detail.to, /•/);
    const whole = JSON.stringify(expect(await list(store.tenant, 'limit=200'), 200));
    assert.ok(!whole.includes(owner.number) && !whole.includes(owner.number.slice(4)), 'a number');
    assert.equal(expect(await list(store.tenant, 'kind=code_refused'), 200).items[0].detail.code, 'code_wrong');
  });
});

describe('activity_list and activity_export', () => {
  for (const path of ['/api/activity', '/api/activity.ndjson']) {
    test(`${path}: bad queries, other roles, other steps`, async () => {
      const { store, owner } = await lived();
      for (const query of BAD) {
        const name = query.split('=')[0];
        problem(await owner.call('GET', `${path}?${query}`), 422, 'body_invalid', `?${name}`);
      }
      for (const role of ['admin', 'viewer']) {
        const browser = await store.launch({ user: { name: 'B', role } });
        problem(await browser.call('GET', path), 403, 'second_step_required');
        await browser.setUpAuthenticator();
        problem(await browser.call('GET', path), 403, 'owner_required');
      }
      // an owner who was launched as less is less
      await setRows(db, owner, 'sessions', `role = 'admin'`);
      problem(await owner.call('GET', path), 403, 'owner_required');
    });
  }

  test('the owner sees the same events with names, and nothing of another store', async () => {
    const { store, owner } = await lived();
    const other = await lived('Oscar Other');
    const mine = expect(await owner.call('GET', '/api/activity?limit=200'), 200).items;
    const told = expect(await list(store.tenant, 'limit=200'), 200).items;
    assert.deepEqual(mine.map((one) => one.id), told.map((one) => one.id));
    assert.equal(mine.find((one) => one.kind === 'phone_verified').user_name, 'Olivia Owner');
    assert.equal(mine.find((one) => one.kind === 'tenant_created').user_name, null);
    const theirs = expect(await list(other.store.tenant), 200).items[0];
    assert.deepEqual(expect(await owner.call('GET', `/api/activity?user=${theirs.user}`), 200).items, []);
    assert.deepEqual(expect(await owner.call('GET', '/api/activity?q=oscar'), 200).items, []);
  });

  test('the file has every event that the filters leave, is an event itself, and needs a fresh session', async () => {
    const { store, owner } = await lived();
    const file = await owner.call('GET', '/api/activity.ndjson');
    assert.equal(file.status, 200, file.text);
    assert.match(file.headers['content-disposition'], /attachment/);
    assert.equal(file.headers['cache-control'], 'no-store');
    const lines = file.text.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(lines[0].kind, 'activity_exported');
    assert.deepEqual(lines, expect(await owner.call('GET', '/api/activity?limit=200'), 200).items.map((one) => ({ ...one, line: lines.find(({ id }) => id === one.id).line })));
    const some = await owner.call('GET', '/api/activity.ndjson?kind=launch_created');
    assert.deepEqual(some.text.trim().split('\n').map((line) => JSON.parse(line).kind), ['launch_created']);
    assert.equal((await owner.call('GET', '/api/activity.ndjson?kind=nothing', { port: stack.ports.server })).text, '');
    await db.rows(`update app.sessions s set second_step_at = now() - interval '16 minutes' from app.tenants t where t.tenant_id = s.tenant_id and t.slug = $1`, store.tenant.slug);
    problem(await owner.call('GET', '/api/activity.ndjson'), 403, 'fresh_session_required');
  });

  test('a file ends at 10000 events, and says where the next one begins', async () => {
    const { store, owner } = await lived();
    await chained(store.tenant);
    await db.rows(`insert into app.event_lines (tenant_id, line, event_id, at, request_id, kind, caller, prev_hash, hash)
      select t.tenant_id, 100000 + n, app.event_id(now() - n * interval '1 hour', t.tenant_id, 'many', null), date_trunc('milliseconds', now() - n * interval '1 hour'), t.tenant_id, 'many', 'system', '\\x00', '\\x00'
        from app.tenants t, generate_series(1, 10020) n where t.slug = $1`, store.tenant.slug);
    const file = await owner.call('GET', '/api/activity.ndjson?kind=many');
    const ids = file.text.trim().split('\n').map((line) => JSON.parse(line).id);
    assert.equal(ids.length, 10000);
    assert.equal(file.headers['x-next-cursor'], ids.at(-1));
    const rest = await owner.call('GET', `/api/activity.ndjson?kind=many&cursor=${ids.at(-1)}`);
    assert.equal(rest.text.trim().split('\n').length, 20);
    assert.equal(rest.headers['x-next-cursor'], undefined);
    await db.rows(`delete from app.event_lines l using app.tenants t where t.tenant_id = l.tenant_id and t.slug = $1 and l.kind = 'many'`, store.tenant.slug);
  });
});
