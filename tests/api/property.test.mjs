// Generated from tenants/openapi.yaml, for every operation in it: a valid request is never called invalid, an invalid one never does anything,
// nothing is a fault of ours, and whatever comes back is described: status, media type, schema, headers, problem code.
//
// The same requests each time; TILLGATE_FULL=1 makes twenty times as many, TILLGATE_SEED others.
import test, { describe, after } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from '../harness/suite.mjs';
import { operations, resolve, validatorOf } from '../harness/contract.mjs';
import { validOf, brokenBodyOf, HOSTILE } from '../harness/arbitraries.mjs';
import { Twilio } from '../harness/twilio.mjs';

// A stack of its own: switches and limits of the whole platform are turned here.
delete process.env.TILLGATE_TEST_STACK;
const { stack, platform } = await suite({});

const SEED = Number(process.env.TILLGATE_SEED ?? 7469);
const MORE = process.env.TILLGATE_FULL ? 20 : 1;
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

// Operations that succeed only with what no description can say (a texted code, a signature, a second method, another person): other tests prove that they do.
const NEVER_ACCEPTED = [
  'second_step_verify',
  'second_step_send_code',
  'second_step_device',
  'second_step_bypass',
  'phone_verify',
  'phone_change',
  'phone_send_code',
  'phone_change_send_code',
  'phone_remove',
  'authenticator_check',
  'authenticator_remove',
  'challenge_read',
  'device_remove',
  'bypass_approve',
  'docs_file',
  'export_file',
  'send_callback',
  'number_opted_in',
];

// ------------------------------------------------------------------------------------------------------------------ who asks

// A store of its own with an owner who is freshly signed in, and the ids that its answers showed.
class Scene {
  static async make() {
    const scene = new Scene();
    scene.store = await platform.store({ return_origins: ['https://shop.example'] });
    scene.browser = await scene.store.launch({ user: { name: 'Ann Arbor', role: 'owner' } });
    await scene.browser.setUpAuthenticator();
    await scene.store.ticket(); // another user: owners cannot lock themselves, nor is the last one removed
    scene.ids = new Set([scene.store.tenant.id]);
    return scene;
  }

  caller(one) {
    if (one.level === 'platform') return platform;
    if (one.host === 'api') return this.store;
    if (one.level === 'callback') return new Twilio(stack);
    return this.browser;
  }

  // Remembers every identifier of an answer.
  learn(text) {
    for (const [id] of text.matchAll(/\b[a-z_]+_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g)) this.ids.add(id);
  }

  idFor(parameter) {
    const fits = validatorOf(parameter.schema);
    const own = parameter.name === 'tenant' ? this.store.tenant.id : [...this.ids].reverse().find((id) => fits(id) && parameter.schema.$ref);
    return own ?? 'x';
  }
}

// One scene for an operation, until something ends it.
let scene;
const GONE = ['session_required', 'second_step_required', 'fresh_session_required', 'tenant_suspended', 'key_refused'];

async function sceneFor(one, fresh) {
  if (!fresh && scene) return scene;
  scene = await Scene.make();
  for (const parameter of pathParameters(one)) await stock(one, parameter);
  return scene;
}

const pathParameters = (one) => one.parameters.filter((parameter) => parameter.in === 'path');
const queryParameters = (one) => one.parameters.filter((parameter) => parameter.in === 'query');

// Sees to it that there is a row for {key} of /v1/…/keys/{key}: by whatever makes, lists or shows such things.
async function stock(one, parameter) {
  const collection = one.template.slice(0, one.template.indexOf(`{${parameter.name}}`) - 1);
  for (const method of ['POST', 'GET']) {
    const source = operations.find((other) => other.template === collection && other.method === method && other.level !== 'callback');
    if (source) await ask(source, exampleOf(source), scene);
  }
}

function exampleOf(one) {
  const media = one.body?.content[JSON_TYPE];
  return media ? { body: JSON.stringify(resolve(Object.values(media.examples)[0]).value) } : {};
}

// ------------------------------------------------------------------------------------------------------------------ asking

const seen = new Map(operations.map(({ id }) => [id, new Set()]));

async function ask(one, { body, ids = {}, query = {}, headers = {}, unchecked = false }, at) {
  const path = one.template.replace(/\{([^}]+)\}/g, (_, name) => ids[name] ?? at.idFor(one.parameters.find((p) => p.in === 'path' && p.name === name)));
  const search = new URLSearchParams(query).toString();
  const type = body === undefined ? {} : { 'content-type': one.body?.content[FORM_TYPE] ? FORM_TYPE : JSON_TYPE };
  const match = one.parameters.some(({ name }) => name === 'If-Match') ? { 'if-match': '*' } : {};
  const answer = await at.caller(one).call(one.method, search ? `${path}?${search}` : path, { body, headers: { ...type, ...match, ...headers }, unchecked });
  assert.ok(answer.status < 500, `${one.method} ${path}: ${answer.status} ${answer.text}`);
  seen.get(one.id).add(answer.status);
  if (answer.status < 300) at.learn(answer.text);
  return answer;
}

// Asks, in a new scene when the old one has ended; what was accepted may have ended it.
async function askSafely(one, request) {
  let answer = await ask(one, request, await sceneFor(one, false));
  if (GONE.includes(problemOf(answer))) answer = await ask(one, request, await sceneFor(one, true));
  if (answer.status < 300 && one.method === 'DELETE') scene = undefined;
  return answer;
}

const problemOf = (answer) => (answer.status >= 400 ? answer.json?.code : undefined);

// 422 of a valid request is allowed where the description says that more is looked at than a schema can say.
function alsoChecked(one, { pointer }) {
  if (pointer.startsWith('?')) return queryParameters(one).some(({ name, schema, 'x-also-checked': said }) => `?${name}` === pointer && (said ?? resolve(schema)['x-also-checked']));
  let at = resolve(one.body?.content[JSON_TYPE]?.schema);
  if (at?.['x-also-checked']) return true;
  for (const step of pointer.split('/').slice(1)) {
    const raw = /^\d+$/.test(step) ? at?.items : at?.properties?.[step];
    at = resolve(raw);
    if (raw?.['x-also-checked'] ?? at?.['x-also-checked']) return true;
  }
  return false;
}

function wasValid(one, answer, request) {
  const code = problemOf(answer);
  const where = `${one.id} ${JSON.stringify(request)}: ${answer.status} ${answer.text}`;
  assert.ok(!['body_malformed', 'request_malformed', 'content_type_unsupported', 'body_too_large', 'method_not_allowed'].includes(code), where);
  if (code !== 'body_invalid') return;
  assert.ok((answer.json.errors ?? []).length > 0, where);
  for (const error of answer.json.errors) assert.ok(alsoChecked(one, error), `${where}\n${error.pointer} is valid by its schema, and nothing is said to be checked besides`);
}

function wasRefused(one, answer, what) {
  assert.ok(answer.status >= 400 && answer.status < 500, `${one.id} ${what}: ${answer.status} ${answer.text}`);
}

// ------------------------------------------------------------------------------------------------------------------ what is asked

function bodyArbitrary(one) {
  const json = one.body?.content[JSON_TYPE];
  const form = one.body?.content[FORM_TYPE];
  if (json) return one.body.required === false ? fc.option(validOf(json.schema).map(JSON.stringify), { nil: undefined }) : validOf(json.schema).map((value) => JSON.stringify(value));
  if (form) return validOf(form.schema).map((value) => new URLSearchParams(value).toString());
  return fc.constant(undefined);
}

function queryArbitrary(one) {
  const members = queryParameters(one).map(({ name, schema, example }) => [name, fc.oneof(fc.constant(example ?? ''), validOf(schema)).filter((value) => value !== '').map(String)]);
  return fc.record(Object.fromEntries(members), { requiredKeys: queryParameters(one).filter(({ required }) => required).map(({ name }) => name), noNullPrototype: true });
}

// Now and then somebody else's id, or one of nobody: well-formed, and not found.
function idsArbitrary(one) {
  const strangers = pathParameters(one).map(({ name, schema }) => [name, validOf(schema)]);
  return fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.record(Object.fromEntries(strangers), { requiredKeys: [], noNullPrototype: true }) });
}

// What the check says is more than what fast-check says of it: the request is in its words.
async function property(runs, arbitrary, check) {
  const { failed, errorInstance } = await fc.check(fc.asyncProperty(arbitrary, check), { numRuns: runs * MORE, seed: SEED, endOnFailure: true });
  if (failed) throw errorInstance;
}

const hasChoices = (one) => Boolean(one.body) || queryParameters(one).length > 0;

describe('valid requests', () => {
  for (const one of operations) {
    test(`${one.id} never calls one invalid`, async () => {
      scene = undefined;
      const requests = fc.record({ body: bodyArbitrary(one), query: queryArbitrary(one), ids: idsArbitrary(one) }, { noNullPrototype: true });
      await property(hasChoices(one) ? 14 : 4, requests, async (request) => wasValid(one, await askSafely(one, request), request));
    });
  }
});

describe('invalid requests', () => {
  for (const one of operations.filter(({ body }) => body?.content[JSON_TYPE])) {
    const { schema } = one.body.content[JSON_TYPE];
    test(`${one.id} takes no broken body`, async () => {
      scene = undefined;
      await property(40, brokenBodyOf(schema), async ({ what, body, wrong = !validatorOf(schema)(JSON.parse(body)) }) => {
        const answer = await askSafely(one, { body });
        if (wrong) wasRefused(one, answer, `${what}: ${String(body).slice(0, 300)}`);
        else wasValid(one, answer, { what, body });
      });
    });
  }

  for (const one of operations.filter((op) => pathParameters(op).length > 0)) {
    test(`${one.id} takes no odd id`, async () => {
      scene = undefined;
      for (const { name } of pathParameters(one)) {
        for (const id of HOSTILE) {
          const answer = await ask(one, { ...exampleOf(one), ids: { [name]: id }, unchecked: true }, await sceneFor(one, false));
          assert.ok([400, 403, 404, 415, 422].includes(answer.status), `${one.id} ${name}=${id}: ${answer.status} ${answer.text}`);
        }
      }
    });
  }

  // A plain read may be asked with more than it looks at; a list and a change may not.
  for (const one of operations.filter((op) => queryParameters(op).length > 0 || (op.method !== 'GET' && !op.body?.content[FORM_TYPE]))) {
    test(`${one.id} takes no odd query`, async () => {
      scene = undefined;
      const at = await sceneFor(one, false);
      for (const { name, schema } of queryParameters(one)) {
        const fits = validatorOf(schema);
        for (const value of ['', ' ', 'nonsense!', '-1', '0x10', '1e2', '99999999999999999999', '\u0000', 'x'.repeat(2000)]) {
          const typed = resolve(schema).type === 'integer' && /^-?\d+$/.test(value) ? Number(value) : value;
          if (!fits(typed)) wasRefused(one, await ask(one, { query: { [name]: value } }, at), `?${name}=${value}`);
        }
      }
      const answer = await ask(one, { ...exampleOf(one), query: { nonsense: '1' }, unchecked: !one.responses['422'] }, at);
      wasRefused(one, answer, '?nonsense=1');
      assert.ok(answer.json.errors?.some(({ pointer }) => pointer === '?nonsense'), `${one.id}?nonsense=1: ${answer.text}`);
    });
  }

  for (const one of operations.filter(({ method, body }) => method !== 'GET' && !body)) {
    test(`${one.id} takes no body`, async () => {
      scene = undefined;
      wasRefused(one, await ask(one, { body: '{"nonsense":1}', unchecked: true }, await sceneFor(one, false)), 'with a body');
    });
  }

  for (const one of operations.filter(({ parameters }) => parameters.some((parameter) => parameter.in === 'header' && parameter.required))) {
    test(`${one.id} needs its headers`, async () => {
      scene = undefined;
      const at = await sceneFor(one, false);
      for (const { name } of one.parameters.filter((parameter) => parameter.in === 'header' && parameter.required)) {
        for (const value of [null, '', '\u00ff', 'x'.repeat(300), ...(name === 'If-Match' ? ['1', 'W/"1"', '"x"'] : [])]) {
          wasRefused(one, await ask(one, { ...exampleOf(one), headers: { [name.toLowerCase()]: value } }, at), `${name}: ${value}`);
        }
      }
    });
  }
});

test('every operation accepted something', () => {
  const never = [...seen].filter(([, statuses]) => ![...statuses].some((status) => status < 400)).map(([id]) => id);
  assert.deepEqual(never.filter((id) => !NEVER_ACCEPTED.includes(id)), []);
});
