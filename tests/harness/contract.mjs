// tenants/openapi.yaml as something to hold answers to.
//
// The API suite has a Prism proxy in front of the server that does the same; this check sees more: raw headers, repeated
// Set-Cookie, redirects (Prism follows them), and that the code of a problem is among the examples of its response.
import fs from 'node:fs';
import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { load } from 'js-yaml';
import { ROOT } from './paths.mjs';

export const document = load(fs.readFileSync(`${ROOT}/tenants/openapi.yaml`, 'utf8'));

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(document, 'openapi');

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

// { id, method, template, level, host, parameters, body, responses } for every operation, in the order of the file.
export const operations = Object.entries(document.paths).flatMap(([template, item]) =>
  METHODS.filter((method) => item[method]).map((method) => operationOf(template, item, method)));

export function operation(id) {
  const found = operations.find((one) => one.id === id);
  assert.ok(found, `no operation ${id} in openapi.yaml`);
  return found;
}

export function findOperation(method, path) {
  const clean = path.split('?')[0];
  return operations.find((one) => one.method === method && one.matches.test(clean));
}

// Follows { $ref } of the same document; what stands beside it holds, too.
export function resolve(node) {
  while (node?.$ref) {
    const { $ref, ...beside } = node;
    node = { ...$ref.slice(2).split('/').reduce((at, key) => at[unescapePointer(key)], document), ...beside };
  }
  return node;
}

// The codes that this operation may answer, by status.
export function problemsOf(one) {
  return Object.fromEntries(Object.entries(one.responses)
    .filter(([status]) => status >= 400)
    .map(([status, response]) => [status, Object.keys(resolve(response).content['application/problem+json'].examples)]));
}

export const problemCodes = document.components.schemas.ProblemCode.enum;

// Throws when the answer is not one that the operation describes; when it was accepted, the request must have been, too.
export function checkAnswer(one, request, answer) {
  const where = `${one.method} ${one.template} → ${answer.status}`;
  const response = resolve(one.responses[String(answer.status)]);
  assert.ok(response, `${where} is not in openapi.yaml: ${answer.text.slice(0, 500)}`);
  checkHeaders(where, response, answer);
  checkBody(where, one, response, answer);
  if (answer.status < 400) checkRequest(where, one, request);
}

function checkHeaders(where, response, answer) {
  for (const [name, ref] of Object.entries(response.headers ?? {})) {
    const header = resolve(ref);
    const value = answer.headers[name.toLowerCase()];
    if (value === undefined) {
      assert.ok(!header.required, `${where} has no ${name}`);
      continue;
    }
    const typed = resolve(header.schema).type === 'integer' ? Number(value) : value;
    checkValue(`${where}, header ${name}`, header.schema, typed);
  }
}

function checkBody(where, one, response, answer) {
  if (!response.content) {
    assert.equal(answer.text, '', `${where} has a body`);
    return;
  }
  const media = response.content[answer.mediaType];
  assert.ok(media, `${where} has content type ${answer.headers['content-type']}`);
  if (!/[/+]json$/.test(answer.mediaType)) return;
  checkValue(`${where}, body ${answer.text.slice(0, 800)}`, media.schema, answer.json);
  if (answer.status < 400) return;
  assert.equal(answer.json.status, answer.status, `${where}: status of the body`);
  assert.equal(answer.json.request_id, answer.headers['x-request-id'], `${where}: request_id`);
  assert.equal(answer.json.type, `urn:tillgate:problem:${answer.json.code}`, `${where}: type`);
  assert.ok(answer.json.code in media.examples, `${where}: the code ${answer.json.code} is not documented there`);
  checkRetryAfter(where, answer);
}

function checkRetryAfter(where, answer) {
  if (answer.status === 429 || answer.status === 503) {
    assert.equal(String(answer.json.retry_after), answer.headers['retry-after'], `${where}: retry_after and Retry-After`);
  }
}

function checkRequest(where, one, request) {
  const query = new URLSearchParams(request.path.split('?')[1] ?? '');
  for (const { in: place, name, required, schema } of one.parameters.filter((parameter) => parameter.in !== 'path')) {
    const value = place === 'header' ? request.headers?.[name.toLowerCase()] : query.get(name) ?? undefined;
    assert.ok(value !== undefined || !required, `${where} was accepted without ${name}`);
    if (value !== undefined) checkValue(`${where} was accepted with ${name} that`, schema, resolve(schema).type === 'integer' ? Number(value) : value);
  }
  if (one.body?.content['application/json'] && request.body !== undefined) {
    checkValue(`${where} was accepted with a body that`, one.body.content['application/json'].schema, JSON.parse(request.body));
  }
}

export function checkValue(where, schema, value) {
  const validate = validatorOf(schema);
  assert.ok(validate(value), `${where}: ${ajv.errorsText(validate.errors, { separator: '\n  ' })}`);
}

const compiled = new Map();
export function validatorOf(schema) {
  const key = JSON.stringify(schema);
  if (!compiled.has(key)) compiled.set(key, ajv.compile(absolute(schema)));
  return compiled.get(key);
}

// '#/components/…' becomes 'openapi#/components/…', so that a part of the document compiles by itself.
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' && value.startsWith('#') ? `openapi${value}` : value);
}

function operationOf(template, item, method) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    template,
    level: operation['x-level'],
    host: hostOf(template),
    matches: new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
    parameters,
    body: resolve(operation.requestBody),
    responses: operation.responses,
  };
}

function hostOf(template) {
  if (template.startsWith('/v1/')) return 'api';
  return template.startsWith('/hooks/') ? 'hooks' : 'panel';
}

function unescapePointer(key) {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
