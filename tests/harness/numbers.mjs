// Phone numbers and browser addresses that no other test uses: the limits count both over all tenants together.
import crypto from 'node:crypto';

const AREAS = { US: ['201', '202', '212', '213', '312', '323', '415', '503', '512', '602', '617', '702', '713', '718', '786', '818', '917', '949'],
  CA: ['416', '437', '514', '604', '647', '780', '905'] };
const digits = (count) => String(crypto.randomInt(10 ** count)).padStart(count, '0');

// A valid mobile number. The exchange is random, so that hardly ever two of them share a range (number less its last four digits).
export function newNumber(country = 'US') {
  if (country === 'DE') return `+49151${digits(1)}${digits(7)}`;
  const areas = AREAS[country];
  return `+1${areas[crypto.randomInt(areas.length)]}${200 + crypto.randomInt(300)}${digits(4)}`;
}

// Numbers of one range, in an area that newNumber never draws from: a range that a test has filled up refuses everybody's texts.
export function rangeOf(count) {
  const stem = `+1646${200 + crypto.randomInt(300)}`;
  return Array.from({ length: count }, (_, i) => `${stem}${String(1000 + i * 7)}`);
}

export function newAddress() {
  return `198.${18 + crypto.randomInt(2)}.${crypto.randomInt(256)}.${1 + crypto.randomInt(254)}`;
}
