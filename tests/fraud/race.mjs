// Two nodes ask for texts against small caps, all at once: no cap is ever overstepped, and every micro-unit is accounted for.
//
//   node tests/fraud/race.mjs [--full]      20,000 sends, or 200,000
//
// A node is a process of its own with connections as tillgate_server; it calls what the server calls, one transaction a call. Beside them the server's timer
// chains the ledger, and an observer compares all counters with all caps in one snapshot, again and again.
import fs from 'node:fs';
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { useCluster } from '../harness/cluster.mjs';
import { runToEnd } from '../harness/process.mjs';
import { BINARY } from '../harness/stack.mjs';
import { TESTS } from '../harness/paths.mjs';

const FULL = process.argv.includes('--full') || process.env.TILLGATE_FULL === '1';
const PEOPLE = FULL ? 200_000 : 20_000;
const STORES = FULL ? 500 : 50;
const NODES = 2;
const CONNECTIONS = 6;
const PRICE = 7001;
const here = (name) => fileURLToPath(new URL(`support/${name}`, import.meta.url));

let cluster;
let db;
let outcomes;
const name = `race_${process.pid}`;
const over = [];

before(async () => {
  cluster = await useCluster();
  await cluster.copy(name);
  db = cluster.database(name);
  await runToEnd(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', `people=${PEOPLE}`, '-v', `stores=${STORES}`, '-h', cluster.socket, '-p', String(cluster.port), '-U', 'postgres', '-f', here('race.sql'), name]);
  // The platform's money lasts for three quarters of what the stores may spend: its own cap is hit, too.
  await db.rows(`update app.platform_limits set day_micros = $1, hour_micros = $1`, PRICE * STORES * 40 + 3);
  const began = Date.now();
  const running = Promise.all(Array.from({ length: NODES }, (_, share) =>
    runToEnd([process.execPath, here('node.mjs'), cluster.socket, cluster.port, name, STORES, PEOPLE, share, NODES, CONNECTIONS].map(String))));
  let racing = true;
  const beside = Promise.all([timer(() => racing), observer(() => racing)]);
  const told = await running.finally(() => (racing = false));
  await beside;
  outcomes = {};
  for (const { out } of told) for (const [word, count] of Object.entries(JSON.parse(out))) outcomes[word] = (outcomes[word] ?? 0) + count;
  const seconds = (Date.now() - began) / 1000;
  console.log(`\n${PEOPLE.toLocaleString('en')} sends of ${STORES} stores from ${NODES} nodes with ${CONNECTIONS} connections each, ${seconds.toFixed(0)} s (${Math.round(PEOPLE / seconds)}/s):`);
  for (const [word, count] of Object.entries(outcomes).sort((a, b) => b[1] - a[1])) console.log(`  ${String(count).padStart(8)} ${word}`);
}, { timeout: FULL ? 3_000_000 : 500_000 });
after(async () => {
  await db?.close();
  await cluster?.drop(name);
  await cluster?.stop();
});

const tick = `select r.body from api.enter_system(null, gen_random_uuid()) e, lateral (select * from api.jobs_tick() where e.code is null) r`;

async function timer(racing) {
  while (racing()) {
    await db.rows(tick);
    await sleep(500);
  }
}

async function observer(racing) {
  while (racing()) {
    over.push(...await db.rows(`select slug, span, counted, most, cost from race.windows where counted > most or counted <> cost`));
    await sleep(200);
  }
}

test('no counter was ever above its cap, or other than the sum of its texts', () => assert.deepEqual(over.slice(0, 5), []));
test('nothing but sent and refusals of money came', () => {
  const odd = Object.keys(outcomes).filter((word) => !/^(sent|limit_money (hour|month|country_day|reserve|day)|limit_ramp ramp|platform_money (day|hour|reserve)|again (55P03|40001|57014))$/.test(word));
  assert.deepEqual(odd, []);
  assert.equal(Object.entries(outcomes).filter(([word]) => !word.startsWith('again')).reduce((sum, [, count]) => sum + count, 0), PEOPLE);
});

// Who kept its texts as they were asked for, and had more wishes than money, holds exactly what fits, and not one text less.
test('the last text that fits is sent: caps of a month, a country and a ramp are used up exactly', async () => {
  const rows = await db.rows(
    `select substr(t.slug, 6)::integer % 5 as kind, count(s.send_id)::integer as texts, t.slug from app.tenants t left join app.sends s using (tenant_id)
      where substr(t.slug, 6)::integer % 2 = 0 and substr(t.slug, 6)::integer % 5 in (1, 2, 3) group by t.slug`);
  const most = { 1: Math.floor(250_000 / PRICE), 2: Math.floor(150_000 / PRICE), 3: 20 };
  const starved = outcomes['platform_money day'] > 0 || outcomes['platform_money hour'] > 0 || outcomes['platform_money reserve'] > 0;
  const off = rows.filter((row) => row.texts > most[row.kind] || (!starved && row.texts < most[row.kind]));
  assert.deepEqual(off, []);
});
test("the platform's cap was met by both nodes, and held", async () => {
  const { spent, most } = await db.row(`select p.day_micros as spent, f.day_micros as most from app.platform_spent p, app.platform_limits f`);
  assert.ok(outcomes['platform_money day'] > 0 || outcomes['platform_money hour'] > 0, 'nobody was refused for want of the platform\'s money');
  assert.ok(spent <= most, `${spent} of ${most}`);
});
test('Σ ledger = Σ sends, to the micro-unit, for every text', async () => {
  const wrong = await db.rows(
    `with lines as (select tenant_id, send_id, micros from app.ledger union all select tenant_id, send_id, micros from app.ledger_entries)
     select s.send_id, s.price_micros, coalesce(sum(l.micros), 0) as ledger from app.sends s full join lines l using (tenant_id, send_id)
      group by s.tenant_id, s.send_id, s.price_micros having coalesce(sum(l.micros), 0) is distinct from s.price_micros`);
  assert.deepEqual(wrong.slice(0, 5), []);
});
test('counters = Σ sends in every open window, after everything', async () => {
  assert.deepEqual(await db.rows(`select * from race.windows where counted <> cost or counted > most`), []);
});
test('every line is chained, and `tillgate ledger verify` finds the chains whole', async () => {
  while (await db.value('select count(*) from app.ledger_entries') > 0) await db.rows(tick);
  const lines = await db.value('select count(*) from app.ledger');
  const { out } = await verify();
  console.log(`  ${lines} lines in the ledger; ledger verify: ${out.trim().split('\n').at(-1)}`);
});
test('a line that was altered is found, and named', async () => {
  await db.rows(`update app.ledger set micros = micros + 1 where (tenant_id, line) = (select tenant_id, 3 from app.ledger where line = 3 limit 1)`);
  await assert.rejects(verify(), (error) => error.code === 1 && /3/.test(error.out + error.err));
});

async function verify() {
  const run = fs.mkdtempSync(`${cluster.run}/race-`);
  fs.symlinkSync(`${cluster.run}/pg`, `${run}/pg`);
  const databases = [`operator_database = ${cluster.conninfo(name, 'tillgate_operator')}`, `database = ${cluster.conninfo(name, 'tillgate_server')}`];
  const ports = Object.fromEntries(['HTTP', 'HTTPS', 'PORT', 'OPS', 'STORE', 'TWILIO', 'TWILIO_TLS', 'PHONE'].map((port, i) => [port === 'PORT' ? 'TILLGATE_PORT' : `TILLGATE_${port}_PORT`, String(20_000 + i)]));
  await runToEnd([`${TESTS}/harness/prepare`, 'config', ...databases], { env: { TILLGATE_RUN: run, TILLGATE_PG_PORT: String(cluster.port), ...ports } });
  return runToEnd([BINARY, 'ledger', 'verify', `${run}/tillgate.conf`], { env: { ASAN_OPTIONS: 'detect_leaks=0' } });
}
