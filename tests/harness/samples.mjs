// From a schema: one good value, and bodies that each break one thing.
import { resolve } from './contract.mjs';

// Words for strings that a pattern decides about; tests need not invert regular expressions.
const GOOD = ['abc', 'US', 'https://shop.example', '123456', '+12015550123', 'challenge_01kamp5sw0fh4rjv2x0bq2mtjx', 'A'.repeat(43), 'USD', '2026-11-22T05:00:00Z', 'event_01kamp5sw0fh4rjv2x0bq2mtjx'];

export function sampleOf(schema) {
  const { node } = valueOf(schema);
  if ('const' in node) return node.const;
  if (node.enum) return node.enum[0];
  if (node.type === 'object') return Object.fromEntries(requiredOf(node).map((name) => [name, sampleOf(node.properties[name])]));
  if (node.type === 'array') return [sampleOf(node.items)];
  if (node.type === 'integer') return node.minimum ?? 1;
  if (node.type === 'boolean') return true;
  return GOOD.find((text) => fits(node, text)) ?? 'abc';
}

// What a value looks like, and whether it may be null instead.
function valueOf(schema) {
  const node = resolve(schema);
  const other = node.oneOf?.length === 2 && node.oneOf.map(resolve).find((one) => one.type !== 'null');
  return other && node.oneOf.some((one) => resolve(one).type === 'null') ? { node: other, nullable: true } : { node, nullable: false };
}

// An object without required fields still needs one when it may not be empty.
function requiredOf(node) {
  if (node.required?.length) return node.required;
  return node.minProperties ? Object.keys(node.properties).slice(0, 1) : [];
}

function fits(node, text) {
  return (!node.pattern || new RegExp(node.pattern).test(text)) && text.length >= (node.minLength ?? 0) && text.length <= (node.maxLength ?? 9999);
}

// { what, body, pointer } for every single fault that the schema knows.
export function* brokenBodies(schema) {
  const node = resolve(schema);
  yield* brokenObject(node, '', (value) => value);
  if (node.minProperties) yield { what: 'nothing to change', body: {} };
}

function* brokenObject(node, at, wrap) {
  const good = sampleOf(node);
  for (const extra of ['extra', '__proto__x', 'tenant_id', 'verified', '']) {
    yield { what: `unknown field ${JSON.stringify(extra)}`, body: wrap({ ...good, [extra]: 1 }), pointer: extra === '' ? undefined : `${at}/${extra}` };
  }
  for (const name of node.required ?? []) {
    const { [name]: _, ...rest } = good;
    yield { what: `no ${at}/${name}`, body: wrap(rest), pointer: `${at}/${name}` };
  }
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    const inside = (value) => wrap({ ...good, [name]: value });
    yield* brokenValue(valueOf(property), `${at}/${name}`, inside);
  }
}

function* brokenValue({ node, nullable }, pointer, wrap) {
  if (!nullable) yield { what: `${pointer} = null`, body: wrap(null), pointer };
  for (const [type, value] of Object.entries({ string: 'x', number: 1.5, boolean: true, object: {}, array: [], integer: 7 })) {
    if (type !== node.type) {
      if (!(node.type === 'boolean' && 'const' in node && value === node.const)) yield { what: `${pointer} as ${type}`, body: wrap(value), pointer };
    }
  }
  if (node.type === 'string') yield* brokenString(node, pointer, wrap);
  if (node.type === 'integer') {
    for (const value of [node.minimum - 1, node.maximum + 1, 1e18, -1e18]) yield { what: `${pointer} = ${value}`, body: wrap(value), pointer };
  }
  if (node.type === 'array') {
    for (const value of [[1], [null], [['x']], Array.from({ length: (node.maxItems ?? 10) + 1 }, () => sampleOf(node.items))]) {
      yield { what: `${pointer} as ${JSON.stringify(value).slice(0, 30)}`, body: wrap(value), pointer };
    }
  }
  if (node.type === 'object') yield* brokenObject(node, pointer, wrap);
}

function* brokenString(node, pointer, wrap) {
  const texts = [];
  if (node.minLength) texts.push('');
  if (node.maxLength) texts.push('x'.repeat(node.maxLength + 1));
  if (node.enum || node.pattern) texts.push('', ' ', 'nonsense!', 'two\nlines', 'x'.repeat(3000));
  for (const text of new Set(texts)) if (node.enum || !fits(node, text)) yield { what: `${pointer} = ${JSON.stringify(text).slice(0, 30)}`, body: wrap(text), pointer };
}
