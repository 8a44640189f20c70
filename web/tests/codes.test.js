import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.js';

const { normaliseCode, isSixDigits, grouped } = await load('lib/codes.ts');
const { isWebAddress } = await load('lib/links.ts');

test('a typed code is sent as the server wants it', () => {
  assert.equal(normaliseCode(' 012 345 '), '012345');
  assert.equal(normaliseCode('abcde fghjk'), 'ABCDE-FGHJK');
  assert.equal(normaliseCode('ABCDE–FGHJK'), 'ABCDE-FGHJK');
  assert.equal(normaliseCode('ABCDE-FGHJ'), 'ABCDEFGHJ');
  assert.equal(normaliseCode('  '), '');
});

test('only six digits are sent by themselves', () => {
  assert.ok(isSixDigits('012345'));
  for (const code of ['12345', '1234567', '12345a', '１２３４５６']) assert.ok(!isSixDigits(code), code);
});

test('a key is shown in groups of four', () => {
  assert.equal(grouped('JBSWY3DPEHPK3PXP'), 'JBSW Y3DP EHPK 3PXP');
  assert.equal(grouped('JBSWY'), 'JBSW Y');
});

test('a link never leads to a script', () => {
  assert.ok(isWebAddress('https://shop.example/admin'));
  for (const address of ['javascript:alert(1)', 'data:text/html,x', '/profile', '']) assert.ok(!isWebAddress(address));
});
