// Every route × whose it is × how far the session got. The expected verdict follows from the level that `tillgate routes` prints, by the
// rules written below and nowhere else in the tests.
import test, { describe, before } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Panel, Backend, expect } from '../harness/suite.mjs';
import { operations, resolve } from '../harness/contract.mjs';
import { sampleOf } from '../harness/samples.mjs';
import { setRows } from '../harness/clock.mjs';
import { runToEnd } from '../harness/process.mjs';
import { BINARY } from '../harness/stack.mjs';

const { stack, platform, db } = await suite({ edge: true });
// A line that stands there twice is the same on another host.
const routes = [...new Set((await runToEnd([BINARY, 'routes'])).out.trim().split('\n'))].map((line) => {
  const [method, template, level, id] = line.split(/\s+/);
  return { method, template, level, id, description: operations.find((one) => one.id === id) };
});

const STEPS = ['none', 'launched', 'launched_with_method', 'ready_stale', 'ready_fresh'];

// What a session of that step gets at a panel route of that level; undefined: it may pass.
function verdict(level, step) {
  if (level === 'forward') return step.startsWith('ready') ? undefined : 'sign_in_required';
  if (step === 'none') return 'session_required';
  if (level === 'launched') return undefined;
  if (level === 'set_up' && step === 'launched') return undefined;
  if (step.startsWith('launched')) return 'second_step_required';
  if (level === 'signed_in' || step === 'ready_fresh') return undefined;
  return 'fresh_session_required';
}

let foreign;
const rows = {};
let mine;
let other;

before(async () => {
  [mine, other] = [await platform.store(), await platform.store()];
  Object.assign(rows, await rowsOf(other));
});

// A browser of my store at that step, with a user of its own: what may pass changes things.
async function browserAt(step) {
  if (step === 'none') return new Panel(stack, mine.tenant.slug);
  const browser = await mine.launch();
  if (step === 'launched') return browser;
  await browser.setUpAuthenticator();
  if (step === 'launched_with_method') return mine.relaunch(browser);
  if (step === 'ready_stale') await setRows(db, browser, 'sessions', `second_step_at = now() - interval '16 minutes'`);
  return browser;
}

// Rows that exist at a store.
async function rowsOf(store) {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await browser.secondStep({ remember_device: true });
  const list = async (path) => expect(await browser.call('GET', path), 200).items[0].id;
  const challenge = await db.value(`select app.typeid('challenge', c.challenge_id) from app.challenges c join app.users u using (tenant_id, user_id) where u.external_id = $1 limit 1`, browser.externalId);
  const key = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/keys`), 200).items[0].id;
  rows.webhook ??= expect(await platform.call('POST', '/v1/webhooks', { json: { url: 'https://hooks.platform.example/', kinds: ['webhook.test'] } }), 201).id;
  const { user } = await browser.session();
  const launch_key = (await platform.launchKey(store.tenant)).id;
  const made = expect(await platform.call('POST', `/v1/tenants/${store.tenant.id}/exports`, { json: { kinds: ['tenant'] } }), 202);
  return { tenant: store.tenant.id, export: made.id, key, launch_key, webhook: rows.webhook, user: user.id, launch: (await store.ticket()).id, challenge, device: await list('/api/devices'), session: await list('/api/sessions') };
}

const requestOf = ({ description }) => {
  const schema = description.body?.content['application/json']?.schema;
  return {
    unchecked: true,
    headers: { ...(description.method === 'PATCH' && description.host === 'api' ? { 'if-match': '"999"' } : {}) },
    ...(schema && description.body.required ? { json: sampleOf(resolve(schema)) } : {}),
  };
};
const pathOf = (route, values) => route.template.replace(/\{([^}]+)\}/g, (_, name) => values[name]);
const codeOf = (answer) => (answer.status < 400 ? undefined : answer.json.code);

describe('AZ-1 panel routes × session steps', () => {
  const panelRoutes = routes.filter((one) => one.description.host === 'panel' && !['host', 'public'].includes(one.level));
  for (const route of panelRoutes) {
    for (const step of STEPS) {
      const expected = verdict(route.level, step);
      test(`${route.id} (${route.level}) with a session that is ${step}: ${expected ?? 'may pass'}`, async () => {
        const browser = await browserAt(step);
        const answer = await browser.call(route.method, pathOf(route, rows), requestOf(route));
        const code = codeOf(answer);
        if (expected) assert.equal(code, expected, answer.text);
        else assert.ok(!['session_required', 'second_step_required', 'fresh_session_required', 'sign_in_required'].includes(code), `${answer.status} ${code}`);
      });
    }
  }
});

describe('AZ-1 panel routes × other credentials', () => {
  for (const route of routes.filter((one) => one.description.host === 'panel' && !['host', 'public'].includes(one.level))) {
    test(`${route.id}: keys are no sessions, and a session of one store is none at another`, async () => {
      const refusal = verdict(route.level, 'none');
      for (const key of [stack.platformKey, mine.key]) {
        const browser = new Panel(stack, mine.tenant.slug);
        const request = requestOf(route);
        const answer = await browser.call(route.method, pathOf(route, rows), { ...request, headers: { ...request.headers, authorization: `Bearer ${key}` } });
        assert.equal(codeOf(answer), refusal);
      }
      foreign ??= await other.signedIn();
      Object.assign(foreign, { host: stack.hosts(mine.tenant.slug).panel, origin: `http://${stack.hosts(mine.tenant.slug).panel}` });
      assert.equal(codeOf(await foreign.call(route.method, pathOf(route, rows), requestOf(route))), refusal);
    });
  }

  for (const route of routes.filter((one) => one.description.host === 'panel' && one.template.includes('{user}'))) {
    test(`${route.id}: only the owner may, and users of another store are not found`, async () => {
      const own = await platform.store();
      const owner = await own.signedIn({ user: { role: 'owner' } });
      const admin = await own.signedIn();
      assert.equal(codeOf(await admin.call(route.method, pathOf(route, { user: (await owner.session()).user.id }), requestOf(route))), 'owner_required');
      const answer = await owner.call(route.method, pathOf(route, rows), requestOf(route));
      assert.equal(codeOf(answer), 'not_found', answer.text);
    });
  }

  for (const route of routes.filter((one) => /\{(challenge|device|session)\}/.test(one.template))) {
    test(`${route.id}: rows of another store and of another user are not found`, async () => {
      const browser = await mine.signedIn();
      for (const values of [rows, await rowsOf(mine)]) {
        const answer = await browser.call(route.method, pathOf(route, values), requestOf(route));
        assert.equal(codeOf(answer), 'not_found', answer.text);
      }
    });
  }
});

describe('AZ-1 API routes × keys', () => {
  const apiRoutes = routes.filter((one) => one.description.host === 'api' && one.level !== 'public');
  const sent = async (route, key, values) => {
    const request = requestOf(route);
    return new Backend(stack, key).call(route.method, pathOf(route, values), request);
  };

  for (const route of apiRoutes) {
    test(`${route.id} (${route.level}): none, nonsense, the other kind and a session cookie are refused`, async () => {
      const wrong = route.level === 'platform' ? mine.key : stack.platformKey;
      for (const key of [undefined, 'nonsense', `tgp_live_${'A'.repeat(43)}`, wrong]) {
        const answer = await sent(route, key, rows);
        assert.equal(codeOf(answer), 'key_refused', answer.text);
        assert.match(answer.headers['www-authenticate'], /^Bearer/);
      }
      const browser = await mine.launch();
      const answer = await browser.call(route.method, pathOf(route, rows), { ...requestOf(route), host: stack.hosts().api, headers: { 'idempotency-key': 'x', 'if-match': '"1"' } });
      assert.equal(codeOf(answer), 'key_refused');
    });
  }

  test('launch_revoke: a launch of another store is not found, and stays open', async () => {
    const { id, ticket } = await other.ticket();
    assert.equal(codeOf(await mine.call('DELETE', `/v1/launches/${id}`)), 'not_found');
    assert.equal((await new Panel(stack, other.tenant.slug).redeem(ticket)).headers.location, '/');
  });

  for (const route of apiRoutes.filter(({ template }) => template.includes('{user}'))) {
    test(`${route.id}: a user of another store than the one in the path is not found`, async () => {
      const answer = await sent(route, stack.platformKey, { ...rows, tenant: mine.tenant.id });
      assert.equal(codeOf(answer), 'not_found', answer.text);
    });
  }

  test('key_revoke: a key of another store than the one in the path is not found', async () => {
    const { key } = await rowsOf(other);
    assert.equal(codeOf(await platform.call('DELETE', `/v1/tenants/${mine.tenant.id}/keys/${key}`)), 'not_found');
    await other.ticket();
  });
});

describe('key scopes × API routes', () => {
  const SCOPES = ['tenants:read', 'tenants:write', 'keys:write', 'users:read', 'users:write', 'limits:write', 'stops:write', 'usage:read', 'audit:read', 'webhooks:write', 'exports:write'];
  // What a route needs, by what it is about and whether it reads.
  const scopeOf = ({ template, method }) => {
    if (/\/launches/.test(template)) return 'launches';
    const reads = method === 'GET';
    if (/exports/.test(template)) return 'exports:write';
    if (/webhooks/.test(template)) return 'webhooks:write';
    if (/events/.test(template)) return 'audit:read';
    if (/users/.test(template)) return reads ? 'users:read' : 'users:write';
    if (/keys/.test(template)) return reads ? 'tenants:read' : 'keys:write';
    if (/usage|ledger/.test(template) || (reads && /limits|stops/.test(template))) return 'usage:read';
    if (/limits/.test(template)) return 'limits:write';
    if (/stops/.test(template)) return 'stops:write';
    return reads ? 'tenants:read' : 'tenants:write';
  };
  const made = {};
  const keyWith = async (...scopes) => made[scopes.join(' ')] ??= stack.secret((await stack.tillgate('platform-key', 'create', '--name', 'scoped', '--test', ...scopes.flatMap((one) => ['--scope', one]), stack.configFile)).out.trim());
  const nowhere = { ...Object.fromEntries(['tenant', 'user', 'key', 'launch_key', 'webhook', 'export'].map((name) => [name, `${name}_01kamp5sw0fh4rjv2x0bq2mtjx`])) };

  // What would be felt by everybody else is asked about a store that is not there.
  const asked = (route) => ({ ...requestOf(route), ...(route.id === 'stop_set' ? { json: { scope: 'tenant', tenant: nowhere.tenant, stopped: false, reason: 'Asked' } } : {}) });

  for (const route of routes.filter((one) => one.level === 'platform')) {
    const scope = scopeOf(route);
    test(`${route.id} needs ${scope}, and nothing else`, async () => {
      const ask = async (...scopes) => new Backend(stack, await keyWith(...scopes)).call(route.method, pathOf(route, nowhere), asked(route));
      const refused = await ask(...SCOPES.filter((one) => one !== scope));
      assert.deepEqual([codeOf(refused), refused.json.scope], ['scope_missing', scope]);
      assert.notEqual(codeOf(await ask(scope)), 'scope_missing');
    });
  }

  test('launches: a key of a store without that scope is refused', async () => {
    const own = await platform.store();
    await db.rows(`alter table app.tenant_keys drop constraint tenant_keys_scopes_known`); // there is no other scope yet
    await db.rows(`update app.tenant_keys set scopes = '{other}' where app.typeid('tenant', tenant_id) = $1`, own.tenant.id);
    for (const [method, path] of [['POST', '/v1/launches'], ['DELETE', '/v1/launches/launch_01kamp5sw0fh4rjv2x0bq2mtjx']]) {
      const answer = await own.call(method, path, { json: method === 'POST' ? { user: { external_id: '1', name: 'Ann', role: 'admin' } } : undefined });
      assert.deepEqual([codeOf(answer), answer.json.scope], ['scope_missing', 'launches']);
    }
  });
});

test('the matrix is complete: every route was asked', () => {
  const known = ['launched', 'set_up', 'signed_in', 'fresh', 'platform', 'tenant', 'public', 'host', 'callback', 'forward'];
  assert.deepEqual(routes.filter((one) => !known.includes(one.level)), []);
  assert.ok(routes.every((one) => one.description), 'a route without a description');
});
