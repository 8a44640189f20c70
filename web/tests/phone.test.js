import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.js';

const { countries, countryOf, isCountry, judge } = await load('lib/phone.ts');

test('a number is read with or without its country code', () => {
  assert.deepEqual(judge('(415) 555-0134', 'US'), { number: '+14155550134', shown: '+1 415 555 0134' });
  assert.equal(judge('+49 1512 3456789', 'US').number, '+4915123456789');
  assert.equal(judge('01512 3456789', 'DE').number, '+4915123456789');
});

test('a number that cannot be right says why', () => {
  assert.deepEqual(judge('  ', 'US'), { problem: 'empty' });
  assert.deepEqual(judge('123', 'US'), { problem: 'short' });
  assert.deepEqual(judge('999 999 9999 9', 'US'), { problem: 'invalid' });
  assert.deepEqual(judge('900 234 5678', 'US'), { problem: 'refused' });
});

test('the country follows a number written with +', () => {
  assert.equal(countryOf('+49 151', 'US'), 'DE');
  assert.equal(countryOf('0151', 'US'), 'US');
  assert.equal(countryOf('+', 'US'), 'US');
});

test('every country is listed by its name in the language', () => {
  assert.ok(countries('de').some(({ label }) => label === 'Deutschland +49'));
  assert.ok(isCountry('DE') && !isCountry('XX'));
});
