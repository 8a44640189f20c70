// Delete, restore, purge; trials that end by themselves; dry runs; filters.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, newSlug, problem, expect, until, Panel } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const create = (more) => platform.call('POST', '/v1/tenants', { json: { slug: newSlug(), name: 'Acme', country: 'US', ...more } });
const read = async (tenant) => expect(await platform.call('GET', `/v1/tenants/${tenant.id}`), 200);
const remove = (tenant) => platform.call('DELETE', `/v1/tenants/${tenant.id}`);
const restore = (tenant) => platform.call('POST', `/v1/tenants/${tenant.id}/restore`);
const resume = (tenant, more = {}) => platform.call('POST', `/v1/tenants/${tenant.id}/resume`, { json: { reason: 'a test', ...more } });
const change = (tenant, json) => platform.call('PATCH', `/v1/tenants/${tenant.id}`, { json, headers: { 'if-match': '*' } });
const set = (tenant, assignment) => db.rows(`update app.tenants set ${assignment} where app.typeid('tenant', tenant_id) = $1`, tenant.id);
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
const launch = { user: { external_id: '1', name: 'Ann', role: 'admin' } };

describe('tenant_create with dry_run', () => {
  test('answers with the tenant as it would be and keeps nothing', async () => {
    const slug = newSlug();
    const [key, before] = [`dry ${slug}`, await db.value('select count(*) from app.tenants')];
    const dry = await platform.call('POST', '/v1/tenants', { json: { slug, name: 'Acme', country: 'US', dry_run: true }, headers: { 'idempotency-key': key } });
    const { id, ...would } = expect(dry, 200);
    problem(await platform.call('GET', `/v1/tenants/${id}`), 404, 'not_found');
    const made = await platform.call('POST', '/v1/tenants', { json: { slug, name: 'Acme', country: 'US' }, headers: { 'idempotency-key': key } });
    const { id: real, ...is } = expect(made, 201);
    assert.notEqual(real, id);
    for (const one of [would, is]) Object.assign(one, { created_at: 0, updated_at: 0 });
    assert.deepEqual(would, is);
    assert.ok(before < await db.value('select count(*) from app.tenants'));
  });

  test('refuses what creating would refuse', async () => {
    const { slug } = await platform.tenant();
    problem(await create({ slug, dry_run: true }), 409, 'slug_taken', '/slug');
    problem(await create({ slug: 'X', dry_run: true, country: 'ZZ' }), 422, 'body_invalid', '/country', '/slug');
    problem(await create({ dry_run: 'yes' }), 422, 'body_invalid', '/dry_run');
  });
});

describe('tenant_list filters', () => {
  test('by slug and by status', async () => {
    const tenant = await platform.tenant({ status: 'trial' });
    const list = async (query) => expect(await platform.call('GET', `/v1/tenants?${query}`), 200).items.map((one) => one.id);
    assert.deepEqual(await list(`slug=${tenant.slug}`), [tenant.id]);
    assert.deepEqual(await list(`slug=${tenant.slug}&status=active`), []);
    assert.deepEqual(await list(`slug=${newSlug()}`), []);
    const before = `tenant_${tenant.id.slice(7, -1)}0`;
    assert.ok((await list(`status=trial&cursor=${before}`)).includes(tenant.id));
    assert.ok(!(await list(`status=suspended&cursor=${before}`)).includes(tenant.id));
    problem(await platform.call('GET', '/v1/tenants?status=gone&slug=X&name=a'), 422, 'body_invalid', '?name', '?slug', '?status');
  });
});

describe('trials', () => {
  test('have 14 days, or what the platform says', async () => {
    const trial = expect(await create({ status: 'trial' }), 201);
    assert.ok(Math.abs(Date.parse(trial.trial_ends_at) - Date.parse(inDays(14))) < 60_000);
    const own = expect(await create({ status: 'trial', trial_ends_at: inDays(3) }), 201);
    assert.ok(Math.abs(Date.parse(own.trial_ends_at) - Date.parse(inDays(3))) < 60_000);
    assert.equal(expect(await create(), 201).trial_ends_at, null);
    for (const trial_ends_at of [inDays(-1), inDays(400), '2027-02-30T00:00:00Z', 'tomorrow at the latest']) {
      problem(await create({ status: 'trial', trial_ends_at }), 422, 'body_invalid', '/trial_ends_at');
    }
    problem(await create({ trial_ends_at: inDays(3) }), 422, 'body_invalid', '/trial_ends_at');
    problem(await change(await platform.tenant(), { trial_ends_at: inDays(3) }), 409, 'not_on_trial');
    problem(await change(await platform.tenant(), { status: 'active' }), 409, 'not_on_trial');
    problem(await change(trial, { trial_ends_at: inDays(-3) }), 422, 'body_invalid', '/trial_ends_at');
    problem(await change(trial, { status: 'trial' }), 422, 'body_invalid', '/status');
    assert.ok(Date.parse(expect(await change(trial, { trial_ends_at: inDays(30) }), 200).trial_ends_at) > Date.parse(inDays(29)));
    const bought = expect(await change(trial, { status: 'active' }), 200);
    assert.deepEqual([bought.status, bought.trial_ends_at], ['active', null]);
  });

  test('end by themselves: sessions go, launches are refused, the platform chooses how to go on', async () => {
    const store = await platform.store({ status: 'trial' });
    const browser = await store.launch();
    await set(store.tenant, `trial_ends_at = now() - interval '1 second'`);
    await until('the trial to be over', async () => (await read(store.tenant)).status === 'suspended');
    const over = await read(store.tenant);
    assert.deepEqual([over.status_reason, over.trial_ends_at !== null], ['trial_ended', true]);
    problem(await store.call('POST', '/v1/launches', { json: launch }), 403, 'tenant_suspended');
    assert.ok([401, 403].includes((await browser.call('GET', '/api/session')).status));
    assert.equal(await db.value(`select count(*) from app.events e where app.typeid('tenant', tenant_id) = $1 and kind = 'trial_ended'`, store.tenant.id), 1);

    problem(await resume(store.tenant), 409, 'trial_ended');
    const again = expect(await resume(store.tenant, { status: 'trial' }), 200);
    assert.ok(Math.abs(Date.parse(again.trial_ends_at) - Date.parse(inDays(14))) < 60_000);
    expect(await store.call('POST', '/v1/launches', { json: launch }), 201);
    expect(await platform.suspend(store.tenant), 200);
    assert.equal(expect(await resume(store.tenant), 200).status, 'trial', 'a trial that is not over goes on');
    expect(await platform.suspend(store.tenant), 200);
    const active = expect(await resume(store.tenant, { status: 'active' }), 200);
    assert.deepEqual([active.status, active.trial_ends_at], ['active', null]);
    problem(await resume(store.tenant, { status: 'deleting' }), 422, 'body_invalid', '/status');
  });
});

describe('tenant_delete, tenant_restore', () => {
  test('unknown stores are not found', async () => {
    for (const id of [UNKNOWN, 'x']) {
      problem(await remove({ id }), 404, 'not_found');
      problem(await restore({ id }), 404, 'not_found');
    }
  });

  test('deleting ends everything at once and keeps the slug; deleting twice changes nothing', async () => {
    const store = await platform.store();
    const browser = await store.signedIn();
    const { ticket } = await store.ticket();
    const gone = expect(await remove(store.tenant), 200);
    assert.equal(gone.status, 'deleting');
    assert.ok(Math.abs(Date.parse(gone.purge_at) - Date.parse(inDays(30))) < 60_000);
    assert.deepEqual(expect(await remove(store.tenant), 200), gone);

    assert.ok([401, 403].includes((await browser.call('GET', '/api/session')).status));
    problem(await new Panel(stack, store.tenant.slug).redeem(ticket), 421, 'host_unknown');
    problem(await store.call('POST', '/v1/launches', { json: launch }), 401, 'key_refused');
    const { id: key } = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/keys`), 200).items[0];
    problem(await platform.call('POST', `/v1/tenants/${store.tenant.id}/keys`, { json: { name: 'x' } }), 409, 'tenant_deleting');
    problem(await platform.call('POST', `/v1/tenants/${store.tenant.id}/keys/${key}/rotate`), 409, 'tenant_deleting');
    problem(await platform.suspend(store.tenant), 409, 'tenant_deleting');
    problem(await resume(store.tenant), 409, 'tenant_deleting');
    problem(await create({ slug: store.tenant.slug }), 409, 'slug_taken');
  });

  test('restoring gives back the status that it had, and nothing that was ended', async () => {
    for (const before of ['active', 'trial', 'suspended']) {
      const store = await platform.store(before === 'trial' ? { status: 'trial' } : {});
      const browser = await store.signedIn();
      if (before === 'suspended') expect(await platform.suspend(store.tenant), 200);
      expect(await remove(store.tenant), 200);
      const back = expect(await restore(store.tenant), 200);
      assert.deepEqual([back.status, back.purge_at], [before, null]);
      assert.equal(expect(await restore(store.tenant), 200).status, before);
      assert.ok([401, 403].includes((await browser.call('GET', '/api/session')).status));
      if (before === 'suspended') assert.equal(expect(await resume(store.tenant), 200).status, 'active');
      expect(await store.call('POST', '/v1/launches', { json: launch }), 201);
    }
  });

  test('of restoring and deleting at once both leave a whole state', async () => {
    const tenant = await platform.tenant();
    expect(await remove(tenant), 200);
    await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? remove(tenant) : restore(tenant))));
    const { status, purge_at } = await read(tenant);
    assert.equal(status === 'deleting', purge_at !== null);
  });
});

describe('purge_list', () => {
  test('after 30 days no row is left but the certificate; the slug is free, restoring finds nothing', async () => {
    const store = await platform.store();
    const browser = await store.launch(); // no text: the invariants of the suite count texts and their rows
    await browser.setUpAuthenticator();
    const [code] = await browser.backupCodes();
    await store.relaunch(browser);
    expect(await browser.verify(code, { remember_device: true }), 200);
    const uuid = await db.value(`select tenant_id from app.tenants where app.typeid('tenant', tenant_id) = $1`, store.tenant.id);
    expect(await remove(store.tenant), 200);
    await set(store.tenant, `deleted_at = deleted_at - interval '31 days', purge_at = purge_at - interval '31 days'`);
    await until('the purge', async () => (await platform.call('GET', `/v1/tenants/${store.tenant.id}`)).status === 404, { patience: 60_000 });
    const tables = await db.rows(`select c.relname as name from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname <> 'purges'`);
    for (const { name } of tables) assert.equal(await db.value(`select count(*) from app.${name} t where t::text like '%' || $1 || '%'`, uuid), 0, name);

    problem(await restore(store.tenant), 404, 'not_found');
    problem(await remove(store.tenant), 404, 'not_found');
    problem(await store.call('POST', '/v1/launches', { json: launch }), 401, 'key_refused');
    let certificate;
    for (let cursor = ''; !certificate && cursor !== null;) {
      const page = expect(await platform.call('GET', `/v1/purges?limit=200${cursor ? `&cursor=${cursor}` : ''}`), 200);
      certificate = page.items.find((one) => one.tenant === store.tenant.id);
      cursor = page.next_cursor;
    }
    assert.ok(certificate.purged_at);
    assert.deepEqual([certificate.rows.users, certificate.rows.authenticators, certificate.rows.tenants, certificate.rows.slugs], [1, 1, 1, 1]);
    assert.match(certificate.events.hash, /^[0-9a-f]{64}$/);
    assert.ok(!JSON.stringify(certificate).includes(store.tenant.slug));
    expect(await create({ slug: store.tenant.slug }), 201);
  });
});
