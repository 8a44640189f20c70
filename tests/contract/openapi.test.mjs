// The description, the route table, the SQL functions, the problem tables and the panel's messages say the same, both ways.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { runToEnd } from '../harness/process.mjs';
import { document, operations, problemCodes, problemsOf, validatorOf, resolve } from '../harness/contract.mjs';
import { BINARY } from '../harness/stack.mjs';
import { ROOT, TESTS, npmBin } from '../harness/paths.mjs';

const read = (path) => fs.readFileSync(`${ROOT}/${path}`, 'utf8');
const filesUnder = (folder, ending) => fs.readdirSync(`${ROOT}/${folder}`, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);
const difference = (a, b) => [...a].filter((one) => !new Set(b).has(one)).sort();
const matches = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);

// { code: { status, title, detail } } of both tables in C.
const TABLES = Object.fromEntries(['server/problem.c', 'tenants/problems.c'].flatMap((path) =>
  [...read(path).matchAll(/\{"([a-z_]+)", (\d+), "((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\}/g)].map(([, code, status, title, detail]) => [code, { status: Number(status), title, detail }])));
// { code: { status, title, detail } } of what the edge answers by itself; nginx has numbers of its own for some.
const edgeMap = (name) => Object.fromEntries([...read('ops/edge/nginx.conf.in').match(new RegExp(`map \\$status \\$${name} \\{([^}]*)\\}`))[1].matchAll(/(default|\d+) (?:"([^"]*)"|(\w+));/g)].map(([, key, text, word]) => [key, text ?? word]));
const [codes, titles, details] = ['problem_code', 'problem_title', 'problem_detail'].map(edgeMap);
const EDGE = Object.fromEntries(Object.entries(codes).filter(([status]) => status !== '501').map(([status, code]) =>
  [code, { status: { default: 400, 494: 431, 497: 400 }[status] ?? Number(status), title: titles[status], detail: details[status] }]));
// Every problem that an operation shows by example, and those that belong to none.
const CATALOGUE = Object.fromEntries([
  ...operations.flatMap((one) => Object.entries(one.responses).filter(([status]) => status >= 400))
    .flatMap(([, response]) => Object.values(resolve(response).content['application/problem+json'].examples)).map((example) => resolve(example).value),
  ...document.components.schemas.Problem.examples,
].map((problem) => [problem.code, problem]));

describe('linters', () => {
  test('spectral finds nothing', () => runToEnd([npmBin('spectral'), 'lint', '--ruleset', `${TESTS}/contract/spectral.yaml`, '--fail-severity', 'hint', `${ROOT}/tenants/openapi.yaml`]));
  test('redocly finds nothing', () => runToEnd([npmBin('redocly'), 'lint', '--config', `${TESTS}/contract/redocly.yaml`, `${ROOT}/tenants/openapi.yaml`],
    { env: { REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } }));
});

describe('the route table', () => {
  test('has every operation, with its method, path, level and name, and no others', async () => {
    const { out } = await runToEnd([BINARY, 'routes']);
    const routes = out.trim().split('\n').map((line) => line.split(/\s+/).join(' '));
    const described = operations.map((one) => `${one.method} ${one.template} ${one.level} ${one.id}`);
    assert.deepEqual(difference(routes, described), [], 'routes that are not described');
    assert.deepEqual(difference(described, routes), [], 'operations without a route');
  });
});

describe('names', () => {
  test('every operation has a C handler and, when it asks the database, an SQL function of its name', () => {
    const c = filesUnder('tenants', '.c').map(read).join('\n');
    const sql = filesUnder('sql/api', '.sql').map(read).join('\n');
    const functions = new Set(matches(sql, /create or replace function api\.([a-z_]+)/g));
    for (const { id } of operations) {
      assert.match(c, new RegExp(`^void ${id}\\(struct req \\*`, 'm'), `${id} has no handler`);
      if (!['openapi_read', 'docs_read', 'docs_file', 'time_read', 'jwks_read'].includes(id)) assert.ok(functions.has(id), `${id} has no SQL function`);
    }
  });

  test('every function of schema api is called by its name in C', () => {
    const c = filesUnder('tenants', '.c').map(read).join('\n');
    const sql = filesUnder('sql/api', '.sql').map(read).join('\n');
    const unused = matches(sql, /create or replace function api\.([a-z_]+)/g).filter((name) => !c.includes(`"${name}"`));
    assert.deepEqual(unused, []);
  });
});

describe('problem codes', () => {
  test('the description lists exactly those of C and of the edge', () => {
    const answered = [...Object.keys(TABLES), ...Object.keys(EDGE)];
    assert.deepEqual(difference(problemCodes, answered), [], 'described, but nobody answers them');
    assert.deepEqual(difference(answered, problemCodes), [], 'answered, but not described');
  });

  test('every code has an example, whose status, title and detail are those of the server and of the edge', () => {
    assert.deepEqual(difference(problemCodes, Object.keys(CATALOGUE)), []);
    for (const [code, problem] of Object.entries(CATALOGUE)) {
      const { status, title, detail } = problem;
      for (const table of [TABLES, EDGE]) if (table[code]) assert.deepEqual({ status, title, detail }, table[code], code);
      assert.ok(validatorOf(document.components.schemas.Problem)(problem), code);
      if (status === 429 || status === 503) assert.ok(problem.retry_after > 0, `${code} does not say when to try again`);
    }
  });

  test('every example stands under its own status', () => {
    for (const one of operations) {
      for (const [status, codes] of Object.entries(problemsOf(one))) {
        for (const code of codes) assert.equal(String(TABLES[code].status), status, `${one.id}: ${code}`);
      }
    }
  });

  test('every code that C or SQL refuses with is in a table', () => {
    const c = [...filesUnder('tenants', '.c'), ...filesUnder('server', '.c')].map(read).join('\n');
    const sql = filesUnder('sql/api', '.sql').map(read).join('\n');
    const words = new Set([...matches(c, /req_fail(?:_at|_with)?\(\w+, "([a-z_]+)"/g), ...matches(sql, /refuse(?:_field)?\('([a-z_]+)'/g), ...matches(sql, /row\('([a-z_]+)', null, null, null\)::api\.entered/g)]);
    // words between SQL and C, which no client sees
    for (const inner of ['gone', 'taken', 'totp_check']) words.delete(inner);
    assert.deepEqual(difference(words, Object.keys(TABLES)), []);
  });

  test('every code of a table is used', () => {
    const texts = [...filesUnder('tenants', '.c'), ...filesUnder('server', '.c'), ...filesUnder('sql/api', '.sql')].filter((path) => !/problems?\.c$/.test(path)).map(read).join('\n');
    assert.deepEqual(Object.keys(TABLES).filter((code) => !new RegExp(`["']${code}["']`).test(texts)), []);
  });

  for (const language of ['en', 'de']) {
    test(`the panel has words for every code that its requests can get (${language})`, () => {
      const messages = JSON.parse(read(`web/src/messages/${language}.json`));
      const codes = new Set(operations.filter((one) => one.host === 'panel' && one.level !== 'forward').flatMap((one) => Object.values(problemsOf(one)).flat()));
      assert.deepEqual([...codes].filter((code) => !messages[`problem_${code}`]), []);
      const known = [...problemCodes, 'network', 'unknown'];
      const strays = Object.keys(messages).filter((key) => /^problem_/.test(key)).map((key) => key.slice(8)).filter((code) => !known.includes(code) && !known.some((one) => code.startsWith(`${one}_`)));
      assert.deepEqual(strays, [], 'words for codes that do not exist');
    });
  }
});

describe('the description', () => {
  test('every operation says what it does, and shows a request and each answer', () => {
    for (const one of operations) {
      const { summary, description, tags } = document.paths[one.template][one.method.toLowerCase()];
      assert.ok(summary && description && tags?.length === 1 && document.tags.some(({ name }) => name === tags[0]), one.id);
      const contents = [one.body, ...Object.values(one.responses)].flatMap((part) => Object.entries(resolve(part)?.content ?? {}));
      for (const [media, { examples }] of contents) assert.ok(Object.keys(examples ?? {}).length > 0, `${one.id}: no example of ${media}`);
      for (const { name, in: place, example } of one.parameters) assert.ok(example !== undefined, `${one.id}: no example of ${name} in ${place}`);
    }
  });

  test('every example is valid, and every request refuses unknown fields', () => {
    for (const one of operations) {
      for (const [media, { schema, examples }] of Object.entries(one.body?.content ?? {})) {
        for (const [name, example] of Object.entries(examples)) assert.ok(validatorOf(schema)(resolve(example).value), `${one.id}: ${name}`);
        if (media === 'application/json') assert.equal(resolve(schema).additionalProperties, false, one.id);
      }
      for (const [status, ref] of Object.entries(one.responses)) {
        for (const { schema, examples } of Object.values(resolve(ref).content ?? {})) {
          for (const [name, example] of Object.entries(examples)) assert.ok(validatorOf(schema)(resolve(example).value), `${one.id} ${status}: ${name}`);
        }
      }
    }
  });

  test('the webhooks are those that SQL tells of, each with an example of its own type', () => {
    const table = JSON.parse(read('sql/api/provisioning/webhooks.sql').match(/app\.webhook_kinds\(\)[^']*'([^']*)'::jsonb/)[1]);
    const types = [...new Set(Object.values(table).map(({ type }) => type))].sort();
    assert.deepEqual(Object.keys(document.webhooks).sort(), types);
    assert.deepEqual(document.components.schemas.Kinds.items.enum.slice().sort(), ['*', ...types]);
    for (const [type, { post }] of Object.entries(document.webhooks)) {
      for (const { value } of Object.values(post.requestBody.content['application/json'].examples)) assert.equal(value.type, type);
    }
  });

  test('AZ-3 no answer may carry a field that is not described, and secrets only where they are made', () => {
    const secrets = Object.entries(document.components.schemas).filter(([, schema]) => schema.properties?.secret).map(([name]) => name);
    const asked = ['LaunchKeyCreate', 'LaunchKeyRotate'];
    assert.deepEqual(secrets.filter((name) => !asked.includes(name)).sort(), ['AuthenticatorStarted', 'KeyCreated', 'LaunchKeyCreated', 'WebhookChanged', 'WebhookCreated']);
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (schema.type === 'object' && !['CallbackForm', 'InboundForm', 'LaunchForm', 'Message'].includes(name)) assert.equal(schema.additionalProperties, false, name);
    }
  });

  test('AZ-1 a tenant comes from the key or the cookie: no request but the platform\'s names one in its body', () => {
    for (const one of operations.filter(({ level }) => level !== 'platform')) {
      const schema = resolve(one.body?.content['application/json']?.schema);
      assert.deepEqual(Object.keys(schema?.properties ?? {}).filter((name) => /tenant|user_id|session|verified/.test(name)), [], one.id);
    }
  });
});
