// Limits of money, their rehearsal, the platform's own limits, kill switches.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Backend, problem, expect, newNumber } from '../harness/suite.mjs';

const { stack, platform } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const at = (tenant) => `/v1/tenants/${tenant.id ?? tenant}/limits`;
const change = (path, json, etag = '*') => platform.call('PATCH', path, { json, headers: { 'if-match': etag } });

// What is wrong with a body, pointer by pointer; the same for a change and for its rehearsal.
const WRONG = [
  [{ day_micros: -1, month_micros: 1.5, max_price_micros: '1', reserve_percent: 101, extra: 1 }, '/day_micros', '/month_micros', '/max_price_micros', '/reserve_percent', '/extra'],
  [{ day_micros: 1_000_000_000_001 }, '/day_micros'],
  [{ currency: 'EUR' }, '/currency'],
  [{ shadow: ['money', 'stop'] }, '/shadow/1'],
  [{ shadow: 'money' }, '/shadow'],
  [{ countries: [{ country: 'US' }, { country: 'XQ' }] }, '/countries/1/country'],
  [{ countries: [{ country: 'US', day_micros: -1, stopped: 'no', more: 1 }, 7, {}] }, '/countries/0/day_micros', '/countries/0/stopped', '/countries/0/more', '/countries/1', '/countries/2/country'],
  [{ countries: {} }, '/countries'],
  [{ ramp_lifted: { reason: '' } }, '/ramp_lifted/reason'],
  [{ ramp_lifted: {} }, '/ramp_lifted/reason'],
];

describe('limits_read and limits_change', () => {
  test('are the platform\'s, of stores that there are', async () => {
    const store = await platform.store();
    problem(await new Backend(stack, undefined).call('GET', at(store.tenant)), 401, 'key_refused');
    problem(await store.call('GET', at(store.tenant)), 401, 'key_refused');
    problem(await platform.call('GET', at(UNKNOWN)), 404, 'not_found');
    problem(await change(at(UNKNOWN), { day_micros: 1 }), 404, 'not_found');
  });

  test('name every bad field', async () => {
    const tenant = await platform.tenant();
    for (const [json, ...pointers] of WRONG) problem(await change(at(tenant), json), 422, 'body_invalid', ...pointers);
    problem(await change(at(tenant), {}), 422, 'body_invalid', '');
  });

  test('need If-Match, and the right one', async () => {
    const tenant = await platform.tenant();
    problem(await platform.call('PATCH', at(tenant), { json: { day_micros: 1 } }), 428, 'precondition_required');
    problem(await change(at(tenant), { day_micros: 1 }, '"99"'), 412, 'precondition_failed');
  });

  test('begin with the defaults, change what is given, and null is the default again', async () => {
    const tenant = await platform.tenant();
    const first = await platform.call('GET', at(tenant));
    assert.deepEqual(expect(first, 200), {
      currency: 'USD', day_micros: 50_000_000, month_micros: 1_000_000_000, hour_micros: 12_500_000, reserve_percent: 20, max_price_micros: 100_000,
      countries: [], shadow: [], ramp_lifted: null, spent: { hour: 0, day: 0, month: 0 },
    });
    const json = { day_micros: 20_000_000, reserve_percent: 50, shadow: ['country_day'], ramp_lifted: { reason: 'known' }, countries: [{ country: 'CA', day_micros: 5, stopped: true }] };
    const changed = await change(at(tenant), json, first.headers.etag);
    assert.deepEqual(expect(changed, 200), { ...first.json, ...json, month_micros: 400_000_000, hour_micros: 5_000_000 });
    assert.notEqual(changed.headers.etag, first.headers.etag);
    const again = expect(await change(at(tenant), { day_micros: null, ramp_lifted: null, countries: [{ country: 'US' }] }, changed.headers.etag), 200);
    assert.deepEqual([again.day_micros, again.ramp_lifted, again.countries], [50_000_000, null, [{ country: 'US', day_micros: null, stopped: false }]]);
  });

  test('a trial store has a tenth', async () => {
    assert.equal((await platform.call('GET', at(await platform.tenant({ status: 'trial' })))).json.day_micros, 5_000_000);
  });
});

describe('limits_rehearse', () => {
  const rehearse = (tenant, json) => platform.call('POST', `${at(tenant)}/rehearse`, { json });

  test('names every bad field, and knows its stores', async () => {
    const tenant = await platform.tenant();
    for (const [json, ...pointers] of WRONG) problem(await rehearse(tenant, json), 422, 'body_invalid', ...pointers);
    problem(await rehearse(UNKNOWN, {}), 404, 'not_found');
  });

  test('tells good texts from bad ones, and changes nothing', async () => {
    const store = await platform.store();
    await store.signedIn();
    const before = (await platform.call('GET', at(store.tenant))).json;
    const none = expect(await rehearse(store.tenant, {}), 200);
    assert.deepEqual([none.sends, none.good, none.bad], [1, { total: 1, blocked: 0 }, { total: 0, blocked: 0 }]);
    const all = expect(await rehearse(store.tenant, { day_micros: 1 }), 200);
    assert.deepEqual(all.good, { total: 1, blocked: 1 });
    assert.ok(all.by_layer.some((one) => one.layer === 'money' && one.good_blocked === 1 && one.saved_micros > 0), JSON.stringify(all.by_layer));
    assert.deepEqual((await platform.call('GET', at(store.tenant))).json, before);
  });
});

describe('platform_limits_read and platform_limits_change', () => {
  test('refuse stores, bad fields, and a change without If-Match', async () => {
    const store = await platform.store();
    problem(await store.call('GET', '/v1/limits'), 401, 'key_refused');
    problem(await platform.call('PATCH', '/v1/limits', { json: { hour_micros: 1 } }), 428, 'precondition_required');
    problem(await change('/v1/limits', { hour_micros: 1_000_000 }, '"0"'), 412, 'precondition_failed');
    problem(await change('/v1/limits', { hour_micros: -1, day_micros: null, reserve_percent: 101, denied_countries: ['KP', 'xx'], currency: 'E', stopped: true }),
      422, 'body_invalid', '/hour_micros', '/day_micros', '/reserve_percent', '/denied_countries/1', '/currency', '/stopped');
    problem(await change('/v1/limits', { currency: 'EUR' }), 422, 'body_invalid', '/currency');
  });

  test('change what is given', async () => {
    const first = await platform.call('GET', '/v1/limits');
    const changed = expect(await change('/v1/limits', { denied_countries: ['KP'], currency: 'USD' }, first.headers.etag), 200);
    assert.deepEqual({ ...changed, spent: 0 }, { ...first.json, denied_countries: ['KP'], spent: 0 });
  });
});

describe('stop_set and stop_list', () => {
  const stop = (json) => platform.call('PUT', '/v1/stops', { json: { reason: 'a test', ...json } });

  test('name every bad field', async () => {
    problem(await stop({ scope: 'world', reason: '' }), 422, 'body_invalid', '/scope', '/reason', '/stopped');
    problem(await stop({ scope: 'country', stopped: true }), 422, 'body_invalid', '/country');
    problem(await stop({ scope: 'country', country: 'XQ', stopped: 1 }), 422, 'body_invalid', '/country', '/stopped');
    problem(await stop({ scope: 'platform', country: 'US', stopped: true }), 422, 'body_invalid', '/country');
    problem(await stop({ scope: 'tenant', tenant: 'nobody', stopped: true }), 422, 'body_invalid', '/tenant');
    problem(await stop({ scope: 'tenant', tenant: UNKNOWN, stopped: true }), 404, 'not_found');
    problem(await (await platform.store()).call('GET', '/v1/stops'), 401, 'key_refused');
  });

  test('a stopped store gets no text, is told why, and gets texts again', async () => {
    const store = await platform.store();
    const browser = await store.launch();
    expect(await browser.savePhone(newNumber()), 200);
    const { scope, tenant, stopped } = expect(await stop({ scope: 'tenant', tenant: store.tenant.id, stopped: true }), 200);
    assert.deepEqual([scope, tenant, stopped], ['tenant', store.tenant.id, true]);
    assert.ok((await platform.call('GET', '/v1/stops')).json.items.some((one) => one.tenant === store.tenant.id));
    const refusal = problem(await browser.call('POST', '/api/phone/send-code'), 503, 'texts_stopped');
    assert.deepEqual([refusal.reason, refusal.retry_after, refusal.until], ['tenant', 300, null]);
    assert.deepEqual((await browser.call('GET', '/api/session')).json.texts, { available: false, reason: 'stopped', until: null });
    assert.equal(expect(await stop({ scope: 'tenant', tenant: store.tenant.id, stopped: false }), 200).stopped, false);
    expect(await browser.call('POST', '/api/phone/send-code'), 202);
  });

  test('a stopped country is stopped for everybody', async () => {
    const store = await platform.store({ country: 'NZ' });
    const browser = await store.launch();
    expect(await browser.savePhone('+64211234567'), 200);
    expect(await stop({ scope: 'country', country: 'NZ', stopped: true }), 200);
    assert.equal(problem(await browser.call('POST', '/api/phone/send-code'), 503, 'texts_stopped').reason, 'country');
    expect(await stop({ scope: 'country', country: 'NZ', stopped: false }), 200);
  });
});

describe('the money of a text', () => {
  test('a store without money for one text is told, and so is its panel', async () => {
    const store = await platform.store();
    expect(await change(at(store.tenant), { day_micros: 1000 }), 200);
    const browser = await store.launch();
    expect(await browser.savePhone(newNumber()), 200);
    const refusal = problem(await browser.call('POST', '/api/phone/send-code'), 429, 'limit_money');
    assert.equal(refusal.layer, 'money');
    assert.ok(refusal.retry_after >= 1 && refusal.until);
  });

  test('a price above the most that one text may cost is refused', async () => {
    const store = await platform.store({ sms_countries: ['US', 'DE'] });
    expect(await change(at(store.tenant), { max_price_micros: 100 }), 200);
    const browser = await store.launch();
    expect(await browser.savePhone(newNumber()), 200);
    assert.equal(problem(await browser.call('POST', '/api/phone/send-code'), 422, 'price_too_high').reason, 'max_price');
  });
});
