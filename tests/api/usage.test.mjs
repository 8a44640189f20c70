// What texts came to: usage, its file, the ledger, the owner's page.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { suite, problem, expect, until } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const MONTHS = ['2026', '2026-13', '2026-1', '2019-12', 'now', '', '2099-12'];
const get = (tenant, what) => platform.call('GET', `/v1/tenants/${tenant.id ?? tenant}/${what}`);

// A store with one sign-in by text, whose ledger is chained.
async function spent() {
  const store = await platform.store();
  const browser = await store.signedIn({ user: { name: 'A', role: 'owner' } });
  await until('the ledger to be chained', async () => (await get(store.tenant, 'ledger')).json.items.length > 0);
  return { store, browser };
}

describe('usage_read and usage_csv', () => {
  for (const what of ['usage', 'usage.csv']) {
    test(`${what}: a month that is none, or has not begun`, async () => {
      const tenant = await platform.tenant();
      for (const month of MONTHS) problem(await get(tenant, `${what}?month=${month}`), 422, 'body_invalid', '?month');
      problem(await get(tenant, `${what}?day=1`), 422, 'body_invalid', '?day');
      problem(await get(tenant, `${what}?month=2026-01&month=2026-02`), 422, 'body_invalid', '?month');
      problem(await get(UNKNOWN, what), 404, 'not_found');
      problem(await (await platform.store()).call('GET', `/v1/tenants/${tenant.id}/${what}`), 401, 'key_refused');
    });
  }

  test('one sign-in: counted, priced, and the same in the file', async () => {
    const { store } = await spent();
    const usage = expect(await get(store.tenant, 'usage'), 200);
    assert.deepEqual([usage.total.sends, usage.total.verified, usage.currency], [1, 1, 'USD']);
    assert.equal(usage.total.micros_per_sign_in, usage.total.micros);
    const [day] = usage.days;
    assert.deepEqual([usage.days.length, day.country, day.purpose, day.sends, day.micros], [1, 'US', 'phone_set_up', 1, usage.total.micros]);
    const file = await get(store.tenant, `usage.csv?month=${usage.month}`);
    assert.equal(file.status, 200);
    assert.match(file.headers['content-disposition'], /attachment/);
    const lines = file.text.trim().split(/\r?\n/);
    assert.equal(lines.length, 2, file.text);
    for (const value of [day.day, day.country, day.purpose, day.outcome, String(day.micros)]) assert.ok(lines[1].includes(value), file.text);
  });

  test('a month without texts is empty', async () => {
    const usage = expect(await get(await platform.tenant(), 'usage?month=2024-02'), 200);
    assert.deepEqual([usage.month, usage.days, usage.total.micros_per_sign_in], ['2024-02', [], null]);
  });
});

describe('ledger_list', () => {
  for (const query of ['limit=0', 'limit=201', 'cursor=x', 'cursor=-1', `cursor=${UNKNOWN}`, 'cursor=', 'other=1']) {
    test(`refuses ?${query}`, async () => {
      problem(await get(await platform.tenant(), `ledger?${query}`), 422, 'body_invalid', `?${query.split('=')[0]}`);
    });
  }

  test('a foreign store is not found, and a store cannot read it', async () => {
    problem(await get(UNKNOWN, 'ledger'), 404, 'not_found');
    const store = await platform.store();
    problem(await store.call('GET', `/v1/tenants/${store.tenant.id}/ledger`), 401, 'key_refused');
  });

  test('every line follows from the one before, page by page', async () => {
    const { store } = await spent();
    const items = [];
    for (let cursor = ''; cursor !== null;) {
      const page = expect(await get(store.tenant, `ledger?limit=1${cursor && `&cursor=${cursor}`}`), 200);
      items.push(...page.items);
      cursor = page.next_cursor;
    }
    let prev = crypto.createHash('sha256').update(`tillgate ledger 1|${store.tenant.id}`).digest('hex');
    for (const [i, one] of items.entries()) {
      const text = [one.line, one.at, one.send, one.kind, one.micros, one.country, one.purpose].join('|');
      const hash = crypto.createHash('sha256').update(Buffer.from(prev, 'hex')).update(text).digest('hex');
      assert.deepEqual([one.line, one.prev_hash, one.hash], [i + 1, prev, hash]);
      prev = hash;
    }
    assert.equal(items[0].kind, 'reserved');
  });
});

describe('tillgate ledger', () => {
  const files = (lines) => ({ page: JSON.stringify({ items: lines, next_cursor: null }), lines: lines.map((one) => JSON.stringify(one)).join('\n') });
  async function verifyFile(text, ...tenant) {
    const path = `${stack.run}/ledger-${crypto.randomUUID()}.json`;
    fs.writeFileSync(path, text);
    return stack.tillgate('ledger', 'verify-file', path, ...tenant).then(({ out }) => out, (error) => String(error.message));
  }

  test('verify-file: good as pages and as lines; an altered, a missing and a swapped line are named', async () => {
    const { store } = await spent();
    const lines = [];
    let prev = crypto.createHash('sha256').update(`tillgate ledger 1|${store.tenant.id}`).digest('hex');
    const [first] = (await get(store.tenant, 'ledger')).json.items;
    for (let line = 1; line <= 5; line++) {
      const one = { ...first, line, prev_hash: prev };
      one.hash = crypto.createHash('sha256').update(Buffer.from(prev, 'hex')).update([one.line, one.at, one.send, one.kind, one.micros, one.country, one.purpose].join('|')).digest('hex');
      lines.push(one);
      prev = one.hash;
    }
    for (const text of Object.values(files(lines))) assert.match(await verifyFile(text, store.tenant.id), /good up to line 5/);
    assert.match(await verifyFile(files(lines.slice(2)).lines), /good up to line 5/);
    const altered = structuredClone(lines);
    altered[2].micros += 1;
    assert.match(await verifyFile(files(altered).page, store.tenant.id), /line 3: it was altered/);
    assert.match(await verifyFile(files([lines[0], ...lines.slice(2)]).page, store.tenant.id), /line 3: lines before it are missing/);
    assert.match(await verifyFile(files([lines[1], lines[0]]).lines), /line 1: it is out of order/);
    assert.match(await verifyFile(files(lines).lines, UNKNOWN), /line 1: it does not follow/);
    assert.match(await verifyFile(files(lines).lines.slice(0, -20), store.tenant.id), /behind line 4: no JSON/);
  });

  test('verify: good, until somebody with the database in hand changes a line', async () => {
    const { store } = await spent();
    const other = await spent();
    assert.match((await stack.tillgate('ledger', 'verify', stack.configFile, store.tenant.id)).out, /good/);
    await db.rows(`update app.ledger set micros = micros + 1 where app.typeid('tenant', tenant_id) = $1 and line = 1`, store.tenant.id);
    const said = await stack.tillgate('ledger', 'verify', stack.configFile, store.tenant.id).then(() => 'nothing', (error) => String(error.message));
    assert.match(said, /line 1 +altered/);
    const micros = () => db.value(`select micros from app.ledger where app.typeid('tenant', tenant_id) = $1 and line = 1`, store.tenant.id);
    const wrong = await micros();
    await assert.rejects(stack.tillgate('ledger', 'verify', stack.configFile), /line 1 +altered/);
    assert.equal(await micros(), wrong, 'what was found is left as it is');
    assert.match((await stack.tillgate('ledger', 'verify', stack.configFile, other.store.tenant.id)).out, /good/);
    await db.rows(`update app.ledger set micros = micros - 1 where app.typeid('tenant', tenant_id) = $1 and line = 1`, store.tenant.id);
  });
});

describe('texts_read', () => {
  test('a month that is none, or has not begun; nobody but the owner', async () => {
    const { store, browser } = await spent();
    for (const month of MONTHS) problem(await browser.call('GET', `/api/texts?month=${month}`), 422, 'body_invalid', '?month');
    const admin = await store.launch({ user: { external_id: 'other', name: 'B', role: 'admin' } });
    problem(await admin.call('GET', '/api/texts'), 403, 'second_step_required');
    await admin.setUpPhone();
    problem(await admin.call('GET', '/api/texts'), 403, 'owner_required');
  });

  test('the owner sees what was sent, to whom, and what it cost', async () => {
    const { browser } = await spent();
    const texts = expect(await browser.call('GET', '/api/texts'), 200);
    assert.deepEqual([texts.total.sends, texts.days.length, texts.countries[0].country, texts.sends.length], [1, 1, 'US', 1]);
    assert.equal(texts.spent.day, texts.total.micros);
    assert.match(texts.sends[0].to, /•/);
    assert.equal(texts.sends[0].verified, true);
  });
});
