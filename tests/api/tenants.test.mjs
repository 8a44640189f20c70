import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Backend, problem, expect, newSlug } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const CHANGES = { name: 'Other', sms_countries: ['US', 'CA'], code_life_seconds: 120, locale: 'de', return_origins: ['https://shop.example'] };
const create = (json, headers) => platform.call('POST', '/v1/tenants', { json, headers });
const change = (tenant, json, etag) => platform.call('PATCH', `/v1/tenants/${tenant}`, { json, headers: { 'if-match': etag } });

describe('tenant_create', () => {
  test('refuses whoever has no platform key', async () => {
    const json = { slug: newSlug(), name: 'X', country: 'US' };
    for (const key of [undefined, '', 'tgp_live_short', `tgp_live_${'A'.repeat(43)}`, `${stack.platformKey}x`]) {
      problem(await new Backend(stack, key).call('POST', '/v1/tenants', { json }), 401, 'key_refused');
    }
    const store = await platform.store();
    problem(await store.call('POST', '/v1/tenants', { json }), 401, 'key_refused');
  });

  test('names every bad field at once', async () => {
    const answer = await create({
      slug: 'UPPER', name: '', country: 'usa', locale: 'it', return_origins: ['not an origin'], sms_countries: ['us'],
      code_life_seconds: 119, status: 'suspended', extra: 1,
    });
    problem(answer, 422, 'body_invalid', '/slug', '/name', '/country', '/locale', '/return_origins/0', '/sms_countries/0',
      '/code_life_seconds', '/status', '/extra');
  });

  for (const slug of ['api', 'hooks', 'www', 'admin', 'ab', '1abc', 'abc-', 'a_c', 'a'.repeat(41), 'straße']) {
    test(`refuses the slug ${slug.slice(0, 12)}`, async () => {
      problem(await create({ slug, name: 'X', country: 'US' }), 422, 'body_invalid', '/slug');
    });
  }

  test('refuses a country that does not exist', async () => {
    problem(await create({ slug: newSlug(), name: 'X', country: 'XQ' }), 422, 'body_invalid', '/country');
    problem(await create({ slug: newSlug(), name: 'X', country: 'US', sms_countries: ['XQ'] }), 422, 'body_invalid', '/sms_countries/0');
  });

  test('refuses a return origin with a path, a user, or plain http on a public host', async () => {
    for (const origin of ['https://a.example/path', 'https://u@a.example', 'http://a.example', 'javascript:alert(1)', '//a.example']) {
      problem(await create({ slug: newSlug(), name: 'X', country: 'US', return_origins: [origin] }), 422, 'body_invalid', '/return_origins/0');
    }
    const eleven = Array.from({ length: 11 }, (_, i) => `https://s${i}.example`);
    problem(await create({ slug: newSlug(), name: 'X', country: 'US', return_origins: eleven }), 422, 'body_invalid', '/return_origins');
  });

  test('a slug is taken once and for all', async () => {
    const tenant = await platform.tenant();
    problem(await create({ slug: tenant.slug, name: 'X', country: 'US' }), 409, 'slug_taken', '/slug');
  });

  test('creates with defaults', async () => {
    const slug = newSlug();
    const answer = await create({ slug, name: 'Größe & Co', country: 'DE' });
    const tenant = expect(answer, 201);
    assert.deepEqual({ ...tenant, id: 0, created_at: 0, updated_at: 0 }, {
      id: 0, slug, name: 'Größe & Co', country: 'DE', locale: 'en', status: 'active', status_reason: null, trial_ends_at: null, purge_at: null,
      return_origins: [], sms_countries: ['DE'], code_life_seconds: 300, created_at: 0, updated_at: 0,
    });
    assert.ok(answer.headers.location.endsWith(`/v1/tenants/${tenant.id}`));
    assert.deepEqual(expect(await platform.call('GET', `/v1/tenants/${tenant.id}`), 200), tenant);
  });

  test('creates with everything given', async () => {
    const json = {
      slug: newSlug(), name: 'Blumen Berg', country: 'DE', locale: 'de', return_origins: ['https://shop.berg.example', 'http://shop.localhost:8085'],
      sms_countries: ['DE', 'AT', 'CH'], code_life_seconds: 600, status: 'trial',
    };
    const { id, created_at, updated_at, trial_ends_at, ...rest } = expect(await create(json), 201);
    assert.deepEqual(rest, { ...json, status_reason: null, purge_at: null });
    assert.ok(id && created_at && updated_at && trial_ends_at);
  });

  test('two at once with one slug: one is made', async () => {
    const json = { slug: newSlug(), name: 'X', country: 'US' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(json)));
    assert.deepEqual(answers.map((one) => one.status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
    assert.equal(await db.value('select count(*) from app.tenants where slug = $1', json.slug), 1);
  });
});

describe('tenant_read', () => {
  test('an unknown, a foreign-looking and a malformed id are all not found', async () => {
    for (const id of [UNKNOWN, 'tenant_', 'nonsense', UNKNOWN.replace('tenant_', 'user_'), UNKNOWN.toUpperCase(), `${UNKNOWN}x`, 'tenant_8zzzzzzzzzzzzzzzzzzzzzzzzz']) {
      problem(await platform.call('GET', `/v1/tenants/${id}`), 404, 'not_found');
    }
  });

  test('carries an ETag that a change renews', async () => {
    const tenant = await platform.tenant();
    const first = await platform.call('GET', `/v1/tenants/${tenant.id}`);
    const second = await platform.call('GET', `/v1/tenants/${tenant.id}`);
    assert.equal(first.headers.etag, second.headers.etag);
    const changed = await change(tenant.id, { name: 'Other' }, first.headers.etag);
    assert.notEqual(changed.headers.etag, first.headers.etag);
  });
});

describe('tenant_list', () => {
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=', 'limit=1.5', 'cursor=nonsense', `cursor=${UNKNOWN.replace('tenant', 'key')}`, 'other=1', 'limit=1&limit=2']) {
    test(`refuses ?${query.slice(0, 24)}`, async () => {
      problem(await platform.call('GET', `/v1/tenants?${query}`), 422, 'body_invalid', `?${query.split('=')[0]}`);
    });
  }

  test('pages through all tenants, each once', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push((await platform.tenant()).id);
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
      const page = expect(await platform.call('GET', `/v1/tenants?limit=3${cursor && `&cursor=${cursor}`}`), 200);
      assert.ok(page.items.length <= 3);
      seen.push(...page.items.map((one) => one.id));
      cursor = page.next_cursor;
    }
    assert.equal(new Set(seen).size, seen.length);
    for (const id of made) assert.ok(seen.includes(id));
  });
});

describe('tenant_change', () => {
  test('needs If-Match, and the right one', async () => {
    const tenant = await platform.tenant();
    problem(await platform.call('PATCH', `/v1/tenants/${tenant.id}`, { json: { name: 'Y' } }), 428, 'precondition_required');
    problem(await change(tenant.id, { name: 'Y' }, '"99"'), 412, 'precondition_failed');
    for (const etag of ['W/"1"', '""', '"x"', '"1", "2"']) {
      const answer = await change(tenant.id, { name: 'Y' }, etag);
      assert.ok([412, 428].includes(answer.status), `${etag}: ${answer.text}`);
    }
    assert.equal((await platform.call('GET', `/v1/tenants/${tenant.id}`)).json.name, 'Acme Toys');
  });

  test('the slug, the country and a suspension cannot be changed here', async () => {
    const tenant = await platform.tenant();
    const answer = await change(tenant.id, { slug: newSlug(), country: 'DE', status: 'suspended', id: tenant.id }, '"1"');
    problem(answer, 422, 'body_invalid', '/slug', '/country', '/status', '/id');
  });

  test('an unknown tenant is not found', async () => {
    problem(await change(UNKNOWN, { name: 'Y' }, '"1"'), 404, 'not_found');
  });

  test('changes what is given and nothing else', async () => {
    const answer = await platform.call('GET', `/v1/tenants/${(await platform.tenant()).id}`);
    const changed = expect(await change(answer.json.id, CHANGES, answer.headers.etag), 200);
    assert.deepEqual({ ...changed, updated_at: 0 }, { ...answer.json, ...CHANGES, updated_at: 0 });
    assert.ok(changed.updated_at >= answer.json.updated_at);
  });

  test('of two changes from the same version one wins', async () => {
    const { json, headers } = await platform.call('GET', `/v1/tenants/${(await platform.tenant()).id}`);
    const answers = await Promise.all(['A', 'B', 'C', 'D'].map((name) => change(json.id, { name }, headers.etag)));
    assert.deepEqual(answers.map((one) => one.status).sort(), [200, 412, 412, 412]);
  });
});

describe('tenant_suspend and tenant_resume', () => {
  test('need a reason and a known tenant', async () => {
    const tenant = await platform.tenant();
    for (const verb of ['suspend', 'resume']) {
      const at = (id, json) => platform.call('POST', `/v1/tenants/${id}/${verb}`, { json });
      problem(await at(tenant.id, {}), 422, 'body_invalid', '/reason');
      problem(await at(tenant.id, { reason: '' }), 422, 'body_invalid', '/reason');
      problem(await at(tenant.id, { reason: 'x'.repeat(201) }), 422, 'body_invalid', '/reason');
      problem(await at(UNKNOWN, { reason: 'x' }), 404, 'not_found');
    }
  });

  test('suspending ends launches, sessions and devices at once; resuming brings none of them back', async () => {
    const store = await platform.store();
    const panel = await store.launch();
    await panel.setUpPhone();
    const again = await store.relaunch(panel.copy());
    await again.secondStep({ remember_device: true });
    const { ticket } = await store.ticket();

    assert.equal(expect(await platform.suspend(store.tenant), 200).status, 'suspended');
    assert.equal(expect(await platform.suspend(store.tenant), 200).status, 'suspended');
    for (const browser of [panel, again]) assert.ok([401, 403].includes((await browser.call('GET', '/api/session')).status));
    problem(await store.call('POST', '/v1/launches', { json: { user: { external_id: '1', name: 'A', role: 'admin' } } }), 403, 'tenant_suspended');

    assert.equal(expect(await platform.resume(store.tenant), 200).status, 'active');
    assert.equal(expect(await platform.resume(store.tenant), 200).status, 'active');
    problem(await again.call('GET', '/api/session'), 401, 'session_required');
    assert.equal((await again.redeem(ticket)).headers.location, '/?problem=launch_expired');
    await store.relaunch(again);
    problem(await again.call('POST', '/api/second-step/device'), 403, 'device_unknown');
  });

  test('a trial tenant that was suspended is a trial tenant again', async () => {
    const tenant = await platform.tenant({ status: 'trial' });
    await platform.suspend(tenant);
    assert.equal(expect(await platform.resume(tenant), 200).status, 'trial');
  });
});
