import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, Panel, Backend, problem, expect, newSlug } from '../harness/suite.mjs';
import { operations, findOperation } from '../harness/contract.mjs';
import { ROOT } from '../harness/paths.mjs';

const { stack, platform } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const anybody = new Panel(stack, store.tenant.slug);
const raw = { unchecked: true };

describe('unknown paths and methods', () => {
  test('an unknown path is not found, on every host', async () => {
    for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/tenants/', '/v1//tenants', '/v2/tenants', '/api/session', '/launch']) {
      problem(await platform.call('GET', path, raw), 404, 'not_found');
    }
    for (const path of ['/api', '/api/', '/api/nothing', '/api/session/', '/api/session/x/y', '/api/%73ession%2f']) {
      problem(await anybody.call('GET', path, raw), 404, 'not_found');
    }
    for (const path of ['/', '/hooks', '/hooks/twilio', '/hooks/twilio/a/b', '/hooks/twilio/a/b/c/d']) {
      problem(await anybody.call('POST', path, { ...raw, host: stack.hosts().hooks }), 404, 'not_found');
    }
  });

  test('another method of a known path is refused with those that are allowed', async () => {
    const byPath = group(operations);
    for (const [template, these] of byPath) {
      const allowed = these.map((one) => one.method);
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))) {
        // The panel's host serves files for GET, so an unknown GET there is a page and not a wrong method.
        if (method === 'GET' && these[0].host === 'panel' && !template.startsWith('/api/')) continue;
        const path = template.replace(/\{[^}]+\}/g, 'x');
        const answer = await anybody.call(method, path, { ...raw, host: stack.hosts(store.tenant.slug)[these[0].host] });
        problem(answer, 405, 'method_not_allowed');
        for (const one of allowed) assert.ok(answer.headers.allow.split(/, */).includes(one), `${template}: Allow: ${answer.headers.allow}`);
      }
    }
  });

  for (const method of ['OPTIONS', 'TRACE', 'CONNECT-ISH', 'PROPFIND']) {
    test(`the method ${method} is refused`, async () => {
      const answer = await anybody.call(method, '/api/session', raw).catch((error) => ({ status: 400, error }));
      assert.ok([400, 405, 501].includes(answer.status), `${answer.status}`);
    });
  }
});

describe('bodies', () => {
  const create = (body, headers = { 'content-type': 'application/json' }) => platform.call('POST', '/v1/tenants', { body, headers });
  const good = () => JSON.stringify({ slug: newSlug(), name: 'X', country: 'US' });

  test('API-3 must be JSON by their content type', async () => {
    for (const type of [null, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx', 'application/json-patch+json', 'text/json']) {
      problem(await create(good(), { 'content-type': type }), 415, 'content_type_unsupported');
    }
    expect(await create(good(), { 'content-type': 'application/json; charset=utf-8' }), 201);
    expect(await create(good(), { 'content-type': 'Application/JSON' }), 201);
  });

  test('API-3 are one object, well formed, without repeated keys', async () => {
    const bodies = ['', ' ', '{', '}', '[]', '"x"', '1', 'null', 'true', '{"slug":"a"', '{"slug":"abc",}', "{'slug':'abc'}", '{"slug":"abc"} {}', '{"slug":"abc"}x', '{"slug":"abc","slug":"abd"}',
      '{"slug":"a\u0000b"}', '{"slug":NaN}', '{"a":1e999999}', '\ufeff{}', '{"slug":"\\ud800"}', '{"name":"\\u0000"}', `{"a":${'['.repeat(20)}${']'.repeat(20)}}`, '{"user":{"a":1,"a":2}}'];
    for (const body of bodies) problem(await create(body), 400, 'body_malformed');
    problem(await create(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])), 400, 'body_malformed');
  });

  test('INF-2 are at most 64 KiB under /v1 and 16 KiB elsewhere', async () => {
    const padded = (bytes) => `{"slug":"x"${' '.repeat(bytes - 12)}}`;
    problem(await create(padded(65536)), 422, 'body_invalid');
    problem(await create(padded(65537)), 413, 'body_too_large');
    const browser = await store.launch();
    const verify = (body) => browser.call('POST', '/api/second-step/verify', { body, headers: { 'content-type': 'application/json' } });
    problem(await verify(padded(16384)), 422, 'body_invalid');
    problem(await verify(padded(16385)), 413, 'body_too_large');
    problem(await create(padded(1_000_000)), 413, 'body_too_large').request_id;
  });

  test('a body sent to a route without one does no harm', async () => {
    const browser = await store.launch();
    const answer = await browser.call('DELETE', '/api/session', { ...raw, body: '{"x":', headers: { 'content-type': 'application/json' } });
    assert.ok([204, 400, 422].includes(answer.status));
  });
});

describe('INF-3 hosts', () => {
  const hosts = ['', 'localhost', '127.0.0.1', 'evil.example', 'panel.localhost', '.panel.localhost', 'a.b.panel.localhost', 'acme.panel.localhost.evil.example', 'acmeXpanel.localhost', 'api.panel.localhost',
    'www.panel.localhost', '-a.panel.localhost', 'api.tillgate.localhost.evil', 'xn--80ak6aa92e.panel.localhost', 'a b.panel.localhost', '[::1]'];
  for (const host of hosts) {
    test(`${JSON.stringify(host)} is not served`, async () => {
      const answer = await anybody.call('GET', '/api/session', { ...raw, host }).catch(() => ({ status: 400 }));
      assert.ok([400, 421].includes(answer.status) || (answer.status === 401 && host.startsWith('xn--')), `${answer.status} ${answer.text}`);
    });
  }

  test('capital letters and another port are the same host', async () => {
    const browser = await store.launch();
    expect(await browser.call('GET', '/api/session', { host: browser.host.toUpperCase() }), 200);
    expect(await browser.call('GET', '/api/session', { host: browser.host.replace(/:.*/, ':1') }), 200);
    expect(await browser.call('GET', '/api/session', { host: browser.host.replace(/:.*/, '') }), 200);
  });

  test('forwarded headers change neither host nor links', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', 'x-original-url': '/v1/tenants', 'x-host': 'evil.example', 'x-forwarded-proto': 'https' };
    const { post_to } = expect(await store.call('POST', '/v1/launches', { json: { user: { external_id: '1', name: 'A', role: 'admin' } }, headers }), 201);
    assert.ok(!post_to.includes('evil') && post_to.startsWith('http://'));
  });

  test('one host serves nothing of another', async () => {
    problem(await anybody.call('GET', '/v1/openapi.yaml', raw), 404, 'not_found');
    problem(await platform.call('GET', '/api/time', raw), 404, 'not_found');
    problem(await platform.call('POST', '/launch', { ...raw, form: { ticket: 'x' } }), 404, 'not_found');
  });
});

describe('answers', () => {
  test('X-Request-Id is ours, whatever the client sends', async () => {
    const id = 'request_01kamp5sw0fh4rjv2x0bq2mtjx';
    const answer = await anybody.call('GET', '/api/time', { headers: { 'x-request-id': id } });
    assert.notEqual(answer.headers['x-request-id'], id);
  });

  test('openapi_read serves this very description', async () => {
    const answer = await new Backend(stack).call('GET', '/v1/openapi.yaml');
    expect({ ...answer, json: undefined, text: '' }, 200);
    assert.equal(answer.text, fs.readFileSync(`${ROOT}/tenants/openapi.yaml`, 'utf8'));
  });

  test('HEAD has the headers and no body', async () => {
    const [time, docs, page] = [['/api/time', raw], ['/v1/openapi.yaml', { ...raw, host: stack.hosts().api }], ['/profile', raw]];
    for (const [path, options] of [time, docs, page]) {
      const [head, get] = [await anybody.call('HEAD', path, options), await anybody.call('GET', path, options)];
      assert.deepEqual([head.status, head.text, head.headers['content-length'], head.headers['content-type']], [200, '', get.headers['content-length'], get.headers['content-type']], path);
    }
    assert.equal((await anybody.call('HEAD', '/api/session', raw)).status, 401, 'needs what GET needs');
    assert.equal((await anybody.call('HEAD', '/api/phone/verify', raw)).status, 405, 'only where GET is');
  });

  test('every path of the description belongs to exactly one operation', () => {
    for (const one of operations) assert.equal(findOperation(one.method, one.template.replace(/\{[^}]+\}/g, 'x')).id, one.id);
  });
});

function group(list) {
  const groups = new Map();
  for (const one of list) groups.set(one.template, [...(groups.get(one.template) ?? []), one]);
  return groups;
}
