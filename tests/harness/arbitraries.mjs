// From a schema of tenants/openapi.yaml to fast-check: values that are valid, and requests that break something.
import fc from 'fast-check';
import { resolve, validatorOf } from './contract.mjs';

// Valid values, the edges of what is allowed among them. What the schema says and this does not know is filtered away.
export function validOf(schema) {
  const node = resolve(schema);
  const any = bare(node).filter(validatorOf(schema));
  return node.examples ? fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...node.examples) }, { weight: 1, arbitrary: any }) : any;
}

const KINDS = { object, array, integer, number, string, boolean: () => fc.boolean(), null: () => fc.constant(null) };

function bare(node) {
  if ('const' in node) return fc.constant(node.const);
  if (node.enum) return fc.constantFrom(...node.enum);
  if (node.type === undefined && (node.oneOf ?? node.anyOf)) return fc.oneof(...(node.oneOf ?? node.anyOf).map(validOf));
  if (Array.isArray(node.type)) return fc.oneof(...node.type.map((type) => bare({ ...node, type })));
  return node.type ? KINDS[node.type](node) : fc.jsonValue({ maxDepth: 2 });
}

function object(node) {
  const members = Object.fromEntries(Object.entries(node.properties ?? {}).map(([name, schema]) => [name, validOf(schema)]));
  if (Object.keys(members).length === 0) return fc.constant({});
  return fc.record(members, { requiredKeys: node.required ?? [], noNullPrototype: true });
}

function array({ items = {}, minItems: least = 0, maxItems: most = 3, uniqueItems }) {
  const make = uniqueItems ? fc.uniqueArray : fc.array;
  return make(validOf(items), { minLength: least, maxLength: Math.max(least, Math.min(most, 4)) });
}

function integer({ minimum: min = -1000, maximum: max = Math.max(1000, min + 1000) }) {
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
}

function number({ minimum: min = -1e6, maximum: max = 1e6 }) {
  return fc.double({ min, max, noNaN: true });
}

const INSTANT = fc.date({ min: new Date('2025-01-01'), max: new Date('2028-01-01'), noInvalidDate: true }).map((at) => at.toISOString());
const FORMATS = { 'date-time': INSTANT, date: INSTANT.map((text) => text.slice(0, 10)), email: fc.emailAddress(), uri: fc.webUrl() };

// A pattern that only forbids characters is left to the filter, so that texts of all planes and lengths are tried.
function string({ format, pattern, minLength: min = 0, maxLength: max = Math.max(200, min) }) {
  if (pattern && !/^\^\[\^[^\]]*\][*+]\$$/.test(pattern)) return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small', maxLength: max });
  if (FORMATS[format]) return FORMATS[format];
  return fc.oneof(textOf(min, Math.min(max, min + 30)), textOf(max, max));
}

const ODD = [...'Ünï𝒸ødé 漢字 🛒 שלום ẞ'];

function textOf(min, max) {
  const made = (unit) => fc.string({ unit, minLength: min, maxLength: max, size: 'max' });
  return fc.oneof(made('grapheme-ascii'), made(fc.constantFrom(...ODD)));
}

// ------------------------------------------------------------------------------------------------------------------ broken

const VALUES = ['', ' ', 'x'.repeat(5000), '\u0000', 'a\u0000b', 'line\nbreak', '\u007f', '\u0085', '\u202egnp.exe', '0', 'null', "' or 1=1 --", '../../etc/passwd',
  '<script>alert(1)</script>', '%00', '${7*7}', '👩‍👩‍👧‍👦'.repeat(60), 'Z̸̡̢̛'.repeat(30), -1, 0, 1.5, 2 ** 31, 2 ** 53, 1e18, -1e18, true, false, null, [], {}, [null], [[1]], { $ne: 1 },
  { __proto: 1 }, ['x'], ['x', 'x']];
const NAMES = ['extra', 'id', 'tenant', 'tenant_id', 'role', 'status', 'verified', 'constructor', '', 'a/b~c', 'ключ', 'x'.repeat(300)];

// A body as JSON text (or bytes), and whether it can be said to be invalid whatever the schema says.
export function brokenBodyOf(schema) {
  return fc.tuple(validOf(schema), fc.oneof(replaced(), dropped(), added(), rawText())).map(([value, change]) => change(value));
}

function replaced() {
  return fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 3 }))).map(([at, value]) => named('replaced', (body) => {
    const places = placesOf(body);
    if (places.length === 0) return text(value);
    const [holder, key] = places[at % places.length];
    holder[key] = value;
    return text(body);
  }));
}

function dropped() {
  return fc.nat().map((at) => named('dropped', (body) => {
    const places = placesOf(body).filter(([holder]) => !Array.isArray(holder));
    if (places.length === 0) return { body: '[]', wrong: true };
    const [holder, key] = places[at % places.length];
    delete holder[key];
    return text(body);
  }));
}

function added() {
  return fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)).map(([name, value]) => named('added', (body) => text({ ...body, [name]: value })));
}

// What is no good JSON, or cannot be meant.
function rawText() {
  const TEXTS = {
    'a repeated key': (body) => (body === '{}' ? '{"a":1,"a":1}' : body.replace(/^\{("(?:[^"\\]|\\.)*":)/, '{$1null,$1')),
    'no end': (body) => body.slice(0, -1),
    'more behind': (body) => `${body}{}`,
    'a byte order mark': (body) => `\ufeff${body}`,
    'deep arrays': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"deep":${'['.repeat(2000)}${']'.repeat(2000)}}`),
    'deep objects': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"deep":${'{"a":'.repeat(30)}1${'}'.repeat(30)}}`),
    'a number beyond doubles': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"huge":1e999}`),
    'a number of 400 digits': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"huge":${'9'.repeat(400)}}`),
    'not a number': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"nan":NaN}`),
    'half a surrogate pair': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"half":"\\ud800"}`),
    'a raw control character': (body) => body.replace(/\}$/, `${body === '{}' ? '' : ','}"raw":"\u0001"}`),
    'bytes that are no UTF-8': (body) => Buffer.concat([Buffer.from(body.slice(0, -1)), Buffer.from([0x22, 0xc3, 0x28, 0x22, 0x7d])]),
    'a comment': (body) => `/* hello */${body}`,
    'an array': (body) => `[${body}]`,
    'a text': (body) => JSON.stringify(body),
    nothing: () => 'null',
  };
  return fc.constantFrom(...Object.keys(TEXTS)).map((name) => named(name, (body) => ({ body: TEXTS[name](JSON.stringify(body)), wrong: true })));
}

function text(value) {
  return { body: JSON.stringify(value) };
}

function named(what, change) {
  return (body) => ({ what, ...change(structuredClone(body)) });
}

// Every [holder, key] inside a value.
function placesOf(value) {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((key) => [[value, key], ...placesOf(value[key])]);
}

// What a path or a query may be asked with by somebody who means no good.
export const HOSTILE = ['x', 'null', '0', '-1', '%2e%2e', '..', '%00', '%ff', '%zz', "'--", '%F0%9F%9B%92', 'a'.repeat(300), '*', '%2f', '{}', '[]', '%0d%0aX-A: b'.replace(' ', '%20')];
