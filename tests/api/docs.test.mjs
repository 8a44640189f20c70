// The description and the page made of it: served from memory to anybody, kept by caches as far as that is right.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import fs from 'node:fs';
import { suite, Backend, problem } from '../harness/suite.mjs';
import { ROOT } from '../harness/paths.mjs';

const { stack, platform } = await suite({ prism: true, twilioPrism: true });
const anybody = new Backend(stack);
const get = (path, headers = {}) => anybody.call('GET', path, { headers, port: stack.ports.server });
const { text: html } = await get('/v1/docs');
const [style] = html.match(/\/v1\/docs\/docs-[0-9a-f]+\.css/);
const [icon] = html.match(/\/v1\/docs\/docs-[0-9a-f]+\.svg/);

describe('docs_read, docs_file, openapi_read', () => {
  test('need no key, and take one without looking', async () => {
    for (const path of ['/v1/docs', style, icon, '/v1/openapi.yaml']) {
      assert.equal((await get(path)).status, 200, path);
      assert.equal((await platform.call('GET', path, { port: stack.ports.server })).status, 200, path);
    }
  });

  test('a file that the page does not name is not found, and no path leads out', async () => {
    for (const name of ['docs-000000000000.css', 'index.html', '..', '%2e%2e', '..%2findex.html', '..%2f..%2fetc%2fpasswd', '%00', 'a'.repeat(3000)]) {
      const answer = await anybody.call('GET', `/v1/docs/${name}`, { unchecked: true });
      assert.ok([400, 404].includes(answer.status), `${name}: ${answer.status}`);
    }
  });

  test('only reading is allowed', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) problem(await anybody.call(method, '/v1/docs', { unchecked: true }), 405, 'method_not_allowed');
  });

  test('the page runs no script, loads its own style only, and cannot be framed', async () => {
    const policy = (await get('/v1/docs')).headers['content-security-policy'];
    assert.equal(policy, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    assert.equal((await get('/v1/openapi.yaml')).headers['content-security-policy'].includes('style-src'), false, 'only the page needs a style');
  });

  test('the page and the description are asked for again, and not sent twice', async () => {
    for (const path of ['/v1/docs', '/v1/openapi.yaml']) {
      const { headers } = await get(path);
      assert.equal(headers['cache-control'], 'no-cache', path);
      const again = await get(path, { 'if-none-match': headers.etag });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', headers.etag], path);
      assert.equal((await get(path, { 'if-none-match': '"0000000000000000"' })).status, 200, path);
    }
  });

  test('what bears a hash in its name is kept for ever', async () => {
    for (const path of [style, icon]) assert.equal((await get(path)).headers['cache-control'], 'public, max-age=31536000, immutable', path);
  });

  test('comes compressed to who takes it', async () => {
    for (const path of ['/v1/docs', '/v1/openapi.yaml', style]) {
      const [plain, small] = [await get(path), await get(path, { 'accept-encoding': 'gzip' })];
      assert.equal(small.headers['content-encoding'], 'gzip', path);
      assert.equal(small.headers.vary, 'Accept-Encoding', path);
      assert.ok(gunzipSync(small.body).equals(plain.body), path);
    }
  });

  test('the description is the file of this repository, the page the one built of it', async () => {
    assert.equal((await get('/v1/openapi.yaml')).text, fs.readFileSync(`${ROOT}/tenants/openapi.yaml`, 'utf8'));
    assert.ok(html.startsWith('<!doctype html>'));
  });

  test('other hosts have neither', async () => {
    for (const host of [stack.hosts().hooks, stack.hosts('abc').panel]) {
      problem(await anybody.call('GET', '/v1/docs/index.css', { unchecked: true, host }), 404, 'not_found');
      problem(await anybody.call('GET', '/docs:/index.html', { unchecked: true, host }), 404, 'not_found');
    }
  });
});
