import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Panel, problem, expect } from '../harness/suite.mjs';

const { stack, platform } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const browser = new Panel(stack, store.tenant.slug);
const get = (path, more = {}) => browser.call('GET', path, { unchecked: true, ...more });

describe('the panel\'s files', () => {
  test('every page of the panel is the same document, never cached', async () => {
    for (const path of ['/', '/profile', '/profile/phone', '/?problem=launch_expired', '/no/such/page']) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.mediaType], [200, 'text/html'], path);
    }
  });

  test('assets have hashed names and are cached for ever', async () => {
    const paths = [...(await get('/')).text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
    assert.ok(paths.length > 0, 'the document names no assets');
    for (const path of paths) {
      const answer = await get(path);
      assert.equal(answer.status, 200, path);
      assert.match(answer.headers['cache-control'], /max-age=31536000.*immutable/);
    }
  });

  test('a missing asset is not found, and never the document', async () => {
    problem(await get('/assets/no-such-file.js'), 404, 'not_found');
  });

  test('no path leaves the folder', async () => {
    for (const path of ['/../../etc/passwd', '/assets/../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2f..%2fetc%2fpasswd', '/assets/%00', '//etc/passwd', '/assets/..\\..\\etc\\passwd']) {
      const answer = await get(path);
      assert.ok(!answer.text.includes('root:'), path);
      assert.ok([200, 400, 404].includes(answer.status), `${path}: ${answer.status}`);
    }
  });

  test('the document holds nothing that the policy forbids', async () => {
    const { text } = await get('/');
    assert.ok(!/<script(?![^>]*\bsrc=)[^>]*>[^<]/.test(text), 'an inline script');
    assert.ok(!/ on[a-z]+="/.test(text), 'an inline handler');
    assert.ok(!/(src|href)="(https?:)?\/\//.test(text), 'something from elsewhere');
  });

  test('an unknown store gets a page too, and its API says that there is no session', async () => {
    const nobody = new Panel(stack, 'nobody-has-this');
    assert.equal((await nobody.call('GET', '/', { unchecked: true })).status, 200);
    assert.ok([401, 421].includes((await nobody.call('GET', '/api/session')).status));
    expect(await nobody.call('GET', '/api/time'), 200);
  });
});
