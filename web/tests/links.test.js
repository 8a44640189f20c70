import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.js';

const { isWebAddress, pathHere } = await load('lib/links.ts');
const HERE = 'https://acme-toys.panel.example';

test('a link of the server leads to a web page', () => {
  for (const good of ['https://shop.example/', 'http://shop.localhost:8085/x?y']) assert.ok(isWebAddress(good), good);
  for (const bad of ['', 'javascript:alert(1)', 'data:text/html,x', '//shop.example', 'shop.example', 'ftp://x'])
    assert.ok(!isWebAddress(bad), bad);
});

test('a path of this host is kept as it is', () => {
  for (const path of [
    '/',
    '/app/',
    '/app/orders?page=2&q=a%20b',
    '/app/ä',
    '/a/../b',
    '/app?to=https://x//y',
    '/app#x',
    '/a%2F%2Fb',
  ])
    assert.equal(pathHere(path), path);
});

test('SSO-5 nothing leads elsewhere', () => {
  const starts = [
    '',
    '/',
    '//',
    '///',
    '/\\',
    '\\',
    '\\/',
    '\\\\',
    '/\t/',
    '/\n/',
    '/\r/',
    '\t//',
    ' //',
    '\u0000//',
    '/ /',
    '/\u000b/',
    '/\u007f/',
    '/%2f',
    '/%2F',
    '/%5c',
    '/%5C',
    '%2f%2f',
    '/%09/',
    '/%0a/',
    '/%0d%0a',
    '/%00/',
    '/%7f',
    '/%zz',
    '/%',
    '/%e0%a4',
    '/%c0%af',
    'http:',
    'https:',
    'HTTPS://',
    'https:/\\',
    'http:\\\\',
    'ftp://',
    'javascript:',
    'data:text/html,',
    'blob:',
    '?',
    '#',
    '.',
    '..',
    './',
    '@',
    ':',
    '///\\',
    '/\\/',
    '/\\\\',
    '/%2f%2f',
    '/%252f',
    '/./',
    '/.//',
    '/..//',
    '/;//',
    '/\u2028/',
    '/\uff0f',
    '\uff0f\uff0f',
    '/\ufeff/',
  ];
  const rests = [
    '',
    'evil.example',
    'evil.example/app',
    'evil.example%2fapp',
    'evil.example@acme-toys.panel.example',
    'acme-toys.panel.example.evil.example',
    '/evil.example',
    '\\evil.example',
    'alert(1)',
    '[::1]/',
  ];
  let refused = 0;
  for (const path of starts.flatMap((start) => rests.map((rest) => start + rest))) {
    const kept = pathHere(path);
    if (kept === null) refused += 1;
    else
      for (const base of ['/', '/?return=x', '/profile'])
        assert.equal(new URL(kept, HERE + base).origin, HERE, JSON.stringify(path));
  }
  assert.ok(starts.length * rests.length >= 500 && refused >= 400, `${refused} of ${starts.length * rests.length}`);
  for (const path of [
    null,
    '',
    'app',
    `/${'a'.repeat(2000)}`,
    '/a b',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/%2fevil.example',
    '/%5cevil.example',
    '/%0a/evil.example',
  ])
    assert.equal(pathHere(path), null, JSON.stringify(path));
});
