// Prints "number<TAB>country<TAB>type" for many generated E.164 numbers, as libphonenumber-js (the panel's own copy) sees them;
// "-" for both where a number is not valid. Where the library finds a national prefix and takes it out, type is REWRITTEN: the panel
// never sends such a number as it stands.
// Numbers are drawn from the metadata's own patterns, then spoiled: a digit changed, added, dropped; a prefix put in.
import {createRequire} from 'node:module';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const {parsePhoneNumberFromString} = require('libphonenumber-js/max');
const metadata = require('libphonenumber-js/metadata.max.json');

let seed = Number(process.argv[2] ?? 1);
const wanted = Number(process.argv[3] ?? 120000);

// mulberry32: small, and the same on every machine
function random(bound) {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}

// A text that the pattern matches. The patterns use groups, alternatives, classes, \d and {m,n}, * + ? of digits only.
function draw(pattern) {
  let at = 0;
  function alternatives() {
    const all = [sequence()];
    while (pattern[at] === '|') {
      at++;
      all.push(sequence());
    }
    return () => all[random(all.length)]();
  }
  function sequence() {
    const parts = [];
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') parts.push(repeated(atom()));
    return () => parts.map((part) => part()).join('');
  }
  function atom() {
    if (pattern[at] === '(') {
      at += pattern.startsWith('(?:', at) ? 3 : 1;
      const inside = alternatives();
      at++;
      return inside;
    }
    if (pattern[at] === '\\') {
      at += 2;
      return () => String(random(10));
    }
    if (pattern[at] === '[') {
      const end = pattern.indexOf(']', at);
      const set = [...pattern.slice(at + 1, end).matchAll(/(\d)-(\d)|(\d)/g)].flatMap(([, from, to, one]) =>
        one ? [one] : Array.from({length: to - from + 1}, (_, i) => String(Number(from) + i)));
      at = end + 1;
      return () => set[random(set.length)];
    }
    const digit = pattern[at++];
    return () => digit;
  }
  function repeated(part) {
    const match = /^(?:\{(\d+)(?:,(\d+))?\}|\?)/.exec(pattern.slice(at));
    if (!match) return part;
    at += match[0].length;
    const least = match[1] ? Number(match[1]) : 0;
    const most = match[1] ? Number(match[2] ?? match[1]) : 1;
    return () => Array.from({length: least + random(most - least + 1)}, part).join('');
  }
  return alternatives()();
}

function spoil(number) {
  const at = random(number.length + 1);
  const digit = String(random(10));
  switch (random(5)) {
    case 0: return number.slice(0, at) + digit + number.slice(at + 1);
    case 1: return number.slice(0, at) + digit + number.slice(at);
    case 2: return number.slice(0, at) + number.slice(at + 1);
    case 3: return String(random(10)) + number;
    default: return number.slice(0, -1);
  }
}

const plans = [
  ...Object.values(metadata.countries),
  ...Object.values(metadata.nonGeographic),
].map((plan) => ({code: plan[0], prefix: plan[5], patterns: [plan[2], ...(plan[11] || []).filter(Boolean).map(([pattern]) => pattern)].filter(Boolean)}));

const lines = new Map();
while (lines.size < wanted) {
  const plan = plans[random(plans.length)];
  const good = draw(plan.patterns[random(plan.patterns.length)]);
  for (const national of [good, spoil(good), plan.prefix ? plan.prefix + good : spoil(spoil(good))]) {
    const number = `+${plan.code}${national}`;
    if (number.length > 16 || lines.has(number)) continue;
    const parsed = parsePhoneNumberFromString(number);
    if (parsed && parsed.number !== number) lines.set(number, `${number}\t-\tREWRITTEN`);
    else if (parsed?.isValid()) lines.set(number, `${number}\t${parsed.country ?? ''}\t${parsed.getType()}`);
    else lines.set(number, `${number}\t-\t-`);
  }
}
process.stdout.write([...lines.values()].join('\n') + '\n');
