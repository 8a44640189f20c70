import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.js';

const { daysOf, money, monthAfter, roundUp, share } = await load('lib/money.ts');
const bare = (text) => text.replace(/\s/g, ' ');

test('money of a text shows what it costs, in the language and the currency', () => {
  assert.equal(money(7900, 'USD', 'en'), '$0.0079');
  assert.equal(bare(money(7900, 'USD', 'de')), '0,0079 $');
  assert.equal(bare(money(12_345_678, 'EUR', 'de')), '12,35 €');
  assert.equal(money(84_000, 'USD', 'en'), '$0.0840');
  assert.equal(money(0, 'USD', 'en'), '$0.00');
  assert.equal(money(500_000, 'USD', 'en'), '$0.50');
  assert.equal(money(1_000_000_000, 'JPY', 'en'), '¥1,000');
});

test('a share is never said to be all or nothing when it is not', () => {
  assert.equal(share(999, 1000, 'en'), '99%');
  assert.equal(share(1, 1000, 'en'), '1%');
  assert.equal(share(0, 7, 'en'), '0%');
  assert.equal(share(7, 7, 'en'), '100%');
});

test('months and their days', () => {
  assert.equal(monthAfter('2026-01', -1), '2025-12');
  assert.equal(monthAfter('2026-12', 1), '2027-01');
  assert.equal(daysOf('2028-02').length, 29);
  assert.equal(daysOf('2026-11').at(-1), '2026-11-30');
});

test('an axis ends at a round number above all bars', () => {
  for (const [value, top] of [
    [0, 1],
    [1, 1],
    [3, 4],
    [7, 8],
    [11, 20],
    [100, 100],
    [15_800, 20_000],
  ])
    assert.equal(roundUp(value), top);
});
