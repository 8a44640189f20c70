// Exports: asked for, made, taken by a link; verified offline; and erasure of a user, with its proof.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { suite, problem, expect, until, Backend } from '../harness/suite.mjs';
import { runToEnd } from '../harness/process.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'tenant_01kamp5sw0fh4rjv2x0bq2mtjx';
const ALL = ['tenant', 'users', 'events', 'ledger', 'sends'];
const nobody = new Backend(stack, undefined);
const OF = `where app.typeid('tenant', tenant_id) = $1`;
const ask = (tenant, json = { kinds: ALL }, more = {}) => platform.call('POST', `/v1/tenants/${tenant.id ?? tenant}/exports`, { json, ...more });
const read = (tenant, { id }) => platform.call('GET', `/v1/tenants/${tenant.id}/exports/${id}`);
const made = (tenant, one) => until('the export to be made', async () => {
  const now = expect(await read(tenant, one), 200);
  return ['ready', 'failed'].includes(now.state) && now;
});
const pathOf = (url) => url.slice(url.indexOf('/v1/'));
const take = (url, more = '') => nobody.call('GET', pathOf(url) + more);
const linesOf = (text) => text.trim().split('\n').map((line) => JSON.parse(line));
const settled = (tenant) => until('chains to be whole', async () => (await db.value(
  `select (select count(*) from app.event_entries ${OF}) + (select count(*) from app.ledger_entries ${OF}) + (select count(*) from app.sends ${OF} and state <> 'delivered')`, tenant.id)) === 0);

async function exported(tenant, json) {
  const one = expect(await ask(tenant, json), 202);
  const { url } = await made(tenant, one);
  stack.secret(url.split('secret=')[1]);
  const answer = await take(url);
  assert.equal(answer.status, 200, answer.text);
  return { ...one, url, text: answer.text, lines: linesOf(answer.text), answer };
}
async function verifyFile(text, ...more) {
  const path = `${stack.run}/export-${crypto.randomUUID()}.ndjson`;
  fs.writeFileSync(path, text);
  return stack.tillgate('audit', 'verify-file', path, ...more).then(({ out }) => out, (error) => String(error.message));
}
const verify = (subject, tenant) => stack.tillgate(subject, 'verify', stack.configFile, tenant.id).then(({ out }) => out, (error) => String(error.message));

// A store with an owner and an admin, both with a phone; the admin has trusted a device and has codes on paper.
async function lived(last = 'Quillfeather') {
  const store = await platform.store();
  const owner = await store.signedIn({ user: { name: 'Olivia Owner', role: 'owner', email: 'olivia@shop.example' } });
  const admin = await store.signedIn({ user: { name: `Zacharias ${last}`, role: 'admin', email: `zacharias@${last.toLowerCase()}.example` } });
  await admin.backupCodes();
  const { user } = await admin.session();
  return { store, owner, admin, user };
}

describe('export_create', () => {
  for (const [json, ...pointers] of [
    [{}, '/kinds'], [{ kinds: [] }, '/kinds'], [{ kinds: ['passwords'] }, '/kinds/0'], [{ kinds: ['users', 'users'] }, '/kinds'], [{ kinds: 'users' }, '/kinds'],
    [{ kinds: ['users'], since: 'yesterday' }, '/since'], [{ kinds: ['users'], until: '2026-02-30T00:00:00Z' }, '/until'], [{ kinds: ['users'], more: 1 }, '/more'],
  ]) {
    test(`refuses ${JSON.stringify(json)}`, async () => problem(await ask(await platform.tenant(), json), 422, 'body_invalid', ...pointers));
  }

  test('an unknown store; a store\'s own key; too many at once; the same key twice', async () => {
    problem(await ask(UNKNOWN), 404, 'not_found');
    const store = await platform.store();
    problem(await store.call('POST', `/v1/tenants/${store.tenant.id}/exports`, { json: { kinds: ALL } }), 401, 'key_refused');
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = expect(await ask(store.tenant, { kinds: ['tenant'] }, { headers }), 202);
    const again = await ask(store.tenant, { kinds: ['tenant'] }, { headers });
    assert.deepEqual([again.json, again.headers['idempotent-replayed']], [first, 'true']);
    for (let n = 2; n <= 5; n++) expect(await ask(store.tenant, { kinds: ['tenant'] }), 202);
    problem(await ask(store.tenant, { kinds: ['tenant'] }), 409, 'too_many_exports');
  });
});

describe('an export', () => {
  test('has everything asked for between its beginning and its end, and verifies offline', async () => {
    const { store, user } = await lived();
    await settled(store.tenant);
    const { lines, text, answer } = await exported(store.tenant);
    assert.match(answer.headers['content-disposition'], /attachment/);
    assert.deepEqual([answer.mediaType, answer.headers['cache-control']], ['application/x-ndjson', 'no-store']);
    assert.deepEqual([lines[0].kind, lines.at(-1).kind], ['export', 'end']);
    assert.deepEqual([...new Set(lines.map((one) => one.kind))], ['export', 'tenant', 'user', 'event', 'ledger', 'send', 'end']);
    assert.equal(lines.at(-1).item.lines, lines.length);
    assert.deepEqual(lines.find((one) => one.kind === 'tenant').item.slug, store.tenant.slug);
    assert.deepEqual(lines.filter((one) => one.kind === 'user').map((one) => one.item.name).sort(), ['Olivia Owner', 'Zacharias Quillfeather']);
    const { items } = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/events?limit=200`), 200);
    const told = lines.filter((one) => one.kind === 'event');
    assert.ok(told.length >= items.length - 2 && told.some((one) => one.item.user === user.id), 'events are missing');
    assert.equal(lines.filter((one) => one.kind === 'send').length, await db.value(`select count(*) from app.sends ${OF}`, store.tenant.id));
    for (const subject of ['audit', 'ledger']) assert.match(await stack.tillgate(subject, 'verify-file', ...[await saved(text)]).then(({ out }) => out), /events good up to line \d+/);
    assert.match(await verifyFile(text, store.tenant.id), /ledger good up to line/);
  });
  const saved = async (text) => {
    const path = `${stack.run}/export-${crypto.randomUUID()}.ndjson`;
    fs.writeFileSync(path, text);
    return path;
  };

  test('what was done to a file is named', async () => {
    const { store } = await lived();
    await settled(store.tenant);
    const { lines } = await exported(store.tenant, { kinds: ['events'] });
    const with_ = (change) => {
      const copy = structuredClone(lines);
      return change(copy)?.map?.((one) => JSON.stringify(one)).join('\n') ?? copy.map((one) => JSON.stringify(one)).join('\n');
    };
    const odd = lines.findIndex((one) => one.item.person?.address);
    assert.match(await verifyFile(with_((all) => { all[3].item.kind = 'x'; })), /events line 3: it was altered/);
    assert.match(await verifyFile(with_((all) => { all[odd].item.person.address = '203.0.113.1'; })), /what is personal in it was altered/);
    assert.match(await verifyFile(with_((all) => all.filter((_, i) => i !== 4))), /events line 5: lines before it are missing/);
    assert.match(await verifyFile(with_((all) => { [all[2], all[3]] = [all[3], all[2]]; })), /lines before it are missing/);
    assert.match(await verifyFile(with_((all) => all.filter((one, i) => i !== all.length - 2))), /it is missing/);
    assert.match(await verifyFile(with_((all) => all.slice(0, -1))), /the end of the export is missing/);
    assert.match(await verifyFile(with_((all) => { all[0].item.tenant = UNKNOWN; })), /events line 1: it does not follow/);
  });

  test('a span of time gives a range without holes', async () => {
    const { store } = await lived();
    await settled(store.tenant);
    const { items } = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/events?limit=200`), 200);
    const [until_, since] = [items[2].at, items[8].at];
    const { lines, text } = await exported(store.tenant, { kinds: ['events', 'ledger'], since, until: until_ });
    const events = lines.filter((one) => one.kind === 'event');
    assert.ok(events.length > 0 && events.every(({ item }) => item.at >= since && item.at < until_));
    assert.match(await verifyFile(text), /events good up to line/);
    const none = await exported(store.tenant, { kinds: ALL, since: '2099-01-01T00:00:00Z' });
    assert.deepEqual(none.lines.map((one) => one.kind).filter((kind) => !['user', 'tenant'].includes(kind)), ['export', 'end']);
  });

  test('a big one has parts, put together they are the file', async () => {
    const store = await platform.store();
    await db.rows(`insert into app.users (tenant_id, user_id, external_id, name, role, locale)
      select t.tenant_id, gen_random_uuid(), 'u' || n || repeat('x', 100), repeat('name ', 15), 'admin', 'en' from app.tenants t, generate_series(1, 4000) n where t.slug = $1`, store.tenant.slug);
    const one = await made(store.tenant, expect(await ask(store.tenant, { kinds: ['users'] }), 202));
    assert.ok(one.parts >= 2, `${one.parts} parts`);
    let text = '';
    for (let part = 1; part <= one.parts; part++) {
      const answer = await take(one.url, `&part=${part}`);
      assert.equal(answer.status, 200, answer.text.slice(0, 200));
      assert.ok(answer.text.length <= 1048576 && answer.text.endsWith('\n'));
      assert.equal(answer.headers['x-next-part'], part < one.parts ? String(part + 1) : undefined);
      text += answer.text;
    }
    assert.deepEqual([linesOf(text).length, Buffer.byteLength(text)], [one.lines, one.bytes]);
    assert.equal(new Set(linesOf(text).filter(({ kind }) => kind === 'user').map(({ item }) => item.id)).size, 4000);
    problem(await take(one.url, `&part=${one.parts + 1}`), 404, 'not_found');
    for (const part of ['0', '-1', 'x', '', '1e3', '99999']) problem(await take(one.url, `&part=${part}`), 422, 'body_invalid', '?part');
  });

  test('a store that is suspended or being deleted can be exported', async () => {
    const store = await platform.store();
    await platform.suspend(store.tenant);
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}`), 200);
    assert.equal((await exported(store.tenant, { kinds: ['tenant'] })).lines[1].item.status, 'deleting');
  });
});

describe('export_file: the link', () => {
  test('a wrong secret, another export\'s, another store\'s, none, and one whose hour is over: not found', async () => {
    const [mine, other] = [await platform.store(), await platform.store()];
    const [a, b] = [await exported(mine.tenant, { kinds: ['tenant'] }), await exported(other.tenant, { kinds: ['tenant'] })];
    const c = await exported(mine.tenant, { kinds: ['tenant'] });
    const secret = (one) => one.url.split('secret=')[1];
    const at = (tenant, one, text) => nobody.call('GET', `/v1/tenants/${tenant.id}/exports/${one.id}/file${text}`);
    for (const wrong of ['', '?secret=', `?secret=${'A'.repeat(43)}`, `?secret=${secret(a).slice(0, -1)}`, `?secret=${secret(a)}A`, `?secret=${secret(c)}`, `?secret=${secret(b)}`, '?secret=%27%20or%201=1--']) {
      problem(await at(mine.tenant, a, wrong), 404, 'not_found');
    }
    problem(await at(other.tenant, a, `?secret=${secret(a)}`), 404, 'not_found');
    problem(await at({ id: UNKNOWN }, a, `?secret=${secret(a)}`), 404, 'not_found');
    problem(await at(mine.tenant, { id: 'export_x' }, `?secret=${secret(a)}`), 404, 'not_found');
    problem(await at(mine.tenant, a, `?secret=${secret(a)}&other=1`), 422, 'body_invalid', '?other');
    problem(await platform.call('GET', `/v1/tenants/${other.tenant.id}/exports/${a.id}`), 404, 'not_found');
    problem(await mine.call('GET', `/v1/tenants/${mine.tenant.id}/exports/${a.id}`), 401, 'key_refused');
    assert.equal((await at(mine.tenant, a, `?secret=${secret(a)}`)).status, 200, 'it works as often as it is needed');
    await db.rows(`update app.exports set expires_at = now() where app.typeid('export', export_id) = $1`, a.id);
    problem(await at(mine.tenant, a, `?secret=${secret(a)}`), 404, 'not_found');
    const over = expect(await read(mine.tenant, a), 200);
    assert.deepEqual([over.state, over.url], ['expired', null]);
    await until('the file to be gone', async () => (await db.value(`select count(*) from app.export_parts where app.typeid('export', export_id) = $1`, a.id)) === 0);
  });

  test('the database knows only a hash of the secret; the download is an event', async () => {
    const store = await platform.store();
    const one = await exported(store.tenant, { kinds: ['tenant'] });
    const secret = one.url.split('secret=')[1];
    const row = await db.row(`select * from app.exports where app.typeid('export', export_id) = $1`, one.id);
    assert.deepEqual(row.secret_hash, crypto.createHash('sha256').update(secret).digest());
    assert.ok(!JSON.stringify(await db.rows(`select * from app.idempotency ${OF}`, store.tenant.id)).includes(secret));
    assert.equal(expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/events?kind=export_taken`), 200).items[0].detail.export, one.id);
  });
});

describe('user_erase', () => {
  const erase = (tenant, user, json = { reason: 'Asked for by the person' }, more = {}) => platform.call('POST', `/v1/tenants/${tenant.id ?? tenant}/users/${user}/erase`, { json, ...more });

  test('refuses what is no reason; knows no user of another store, and none that does not exist', async () => {
    const { store, user } = await lived();
    const other = await platform.store();
    for (const json of [{}, { reason: '' }, { reason: 1 }, { reason: 'x'.repeat(201) }, { reason: 'x', force: true }]) {
      problem(await erase(store.tenant, user.id, json), 422, 'body_invalid', 'force' in json ? '/force' : '/reason');
    }
    problem(await erase(other.tenant, user.id), 404, 'not_found');
    problem(await erase(store.tenant, 'user_01kamp5sw0fh4rjv2x0bq2mtjx'), 404, 'not_found');
    problem(await store.call('POST', `/v1/tenants/${store.tenant.id}/users/${user.id}/erase`, { json: { reason: 'x' } }), 401, 'key_refused');
  });

  test('PRV-1 afterwards the whole database has no trace of the person, both chains verify, and the certificate is confirmed offline', async () => {
    const last = `Quill${crypto.randomBytes(6).toString('hex')}`;
    const { store, owner, admin, user } = await lived(last);
    const told = [`/v1/tenants/${store.tenant.id}/users/${user.id}/lock`, `/v1/tenants/${store.tenant.id}/users/${user.id}/unlock`];
    for (const path of told) expect(await platform.call('POST', path, { json: { reason: `Zacharias ${last} asked` } }), 200);
    await settled(store.tenant);
    const before = await exported(store.tenant, { kinds: ALL });
    assert.ok(before.text.includes(last));
    // some events that have no line yet, and a text that was just asked for
    await store.launch({ user: { external_id: admin.externalId, name: `Zacharias ${last}`, role: 'admin', email: `zacharias@${last.toLowerCase()}.example` } });
    const index = await db.value(`select encode(platform_index, 'hex') from app.phones where app.typeid('user', user_id) = $1`, user.id);
    const traces = [last, admin.externalId, admin.number, admin.number.slice(2), admin.address.split('::/')[0], index];
    const dump = async () => (await runToEnd(['pg_dump', '--host', stack.cluster.socket, '--port', String(stack.cluster.port), '--username', 'postgres', await db.value('select current_database()')])).out;
    const found = async () => { const text = (await dump()).toLowerCase(); return traces.filter((one) => text.includes(one.toLowerCase())); };
    assert.deepEqual(await found(), traces.filter((one) => one !== admin.number && one !== admin.number.slice(2)), 'the traces that are looked for are there before');

    const certificate = expect(await erase(store.tenant, user.id), 200);
    assert.deepEqual(await found(), []);
    assert.deepEqual([certificate.user, certificate.counts.phones, certificate.counts.backup_codes], [user.id, 1, 10]);
    assert.ok(certificate.counts.events > 5 && certificate.counts.sends >= 1 && certificate.counts.exports === 1, JSON.stringify(certificate.counts));
    assert.deepEqual([expect(await read(store.tenant, before), 200).state, (await take(before.url)).status], ['expired', 404]);
    problem(await admin.call('GET', '/api/session'), 401, 'session_required');
    problem(await erase(store.tenant, user.id), 404, 'not_found');
    await settled(store.tenant);
    for (const subject of ['audit', 'ledger']) assert.match(await verify(subject, store.tenant), /good/);

    const { text, lines } = await exported(store.tenant, { kinds: ['users', 'events', 'ledger', 'sends'] });
    assert.deepEqual(lines.filter((one) => one.kind === 'user').map((one) => one.item.name), ['Olivia Owner']);
    const file = `${stack.run}/certificate-${crypto.randomUUID()}.json`;
    fs.writeFileSync(file, JSON.stringify(certificate));
    assert.match(await verifyFile(text, store.tenant.id, '--certificate', file), /the certificate is confirmed/);
    fs.writeFileSync(file, JSON.stringify({ ...certificate, counts: { ...certificate.counts, phones: 2 } }));
    assert.match(await verifyFile(text, '--certificate', file), /is not in the file/);
    fs.writeFileSync(file, JSON.stringify({ ...certificate, user: (await owner.session()).user.id }));
    assert.match(await verifyFile(text, '--certificate', file), /still says who/);

    // who comes back is somebody new
    const back = await store.launch({ user: { external_id: admin.externalId, name: `Zacharias ${last}`, role: 'admin' } });
    assert.notEqual((await back.session()).user.id, user.id);
  });

  test('the same key twice gives the certificate again; a number that texted STOP stays forbidden', async () => {
    const { store, user } = await lived();
    await db.rows(`insert into app.suppressions (platform_index, reason, strikes, until) select platform_index, r, array[now()], now() + interval '1 day' from app.phones, unnest(array['opted_out', 'unreachable']) r where app.typeid('user', user_id) = $1`, user.id);
    const index = await db.value(`select platform_index from app.phones where app.typeid('user', user_id) = $1`, user.id);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = expect(await erase(store.tenant, user.id, undefined, { headers }), 200);
    const again = await erase(store.tenant, user.id, undefined, { headers });
    assert.deepEqual([again.json, again.headers['idempotent-replayed']], [first, 'true']);
    assert.deepEqual((await db.rows('select reason from app.suppressions where platform_index = $1', index)).map((one) => one.reason), ['opted_out']);
    await db.rows('delete from app.suppressions where platform_index = $1', index);
  });

  test('somebody with so many events takes two calls, and gets in no more after the first', async () => {
    const { store, admin, user } = await lived();
    await settled(store.tenant);
    await db.rows(`insert into app.event_people (tenant_id, event_id, user_id, salt, person)
      select t.tenant_id, gen_random_uuid(), (select user_id from app.users where app.typeid('user', user_id) = $2), '\\x00', '{}' from app.tenants t, generate_series(1, 5000) where t.slug = $1`, store.tenant.slug, user.id);
    assert.equal(problem(await erase(store.tenant, user.id), 503, 'erasure_unfinished').retry_after, 1);
    problem(await admin.call('GET', '/api/session'), 401, 'session_required');
    expect(await erase(store.tenant, user.id), 200);
    assert.equal(await db.value(`select count(*) from app.event_people e where e.user_id = (select user_id from app.users u where app.typeid('user', u.user_id) = $1)`, user.id), 0);
  });
});
