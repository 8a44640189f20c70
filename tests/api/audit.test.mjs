// The audit trail: chained, verified, against tampering.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import crypto from 'node:crypto';
import { suite, until } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const OF = `where app.typeid('tenant', tenant_id) = $1`;
const lines = (tenant) => db.rows(`select * from app.event_lines ${OF} order by line`, tenant.id);
const waiting = (tenant) => db.value(`select count(*) from app.event_entries ${OF}`, tenant.id);
const chained = (tenant) => until('the audit trail to be chained', async () => (await waiting(tenant)) === 0 && (await lines(tenant)).length > 0);
const verify = (tenant, ...more) => stack.tillgate('audit', 'verify', stack.configFile, tenant.id, ...more).then(({ out }) => out, (error) => String(error.message));

// Does something to the tables, looks, and puts everything back.
async function tampered(tenant, sql, ...more) {
  const tables = ['event_lines', 'event_people', 'event_heads'];
  for (const table of tables) await db.rows(`create table if not exists public.kept_${table} as select * from app.${table} where false`);
  for (const table of tables) await db.rows(`insert into public.kept_${table} select * from app.${table} ${OF}`, tenant.id);
  try {
    await db.rows(sql, tenant.id);
    return await verify(tenant, ...more);
  } finally {
    for (const table of tables) {
      await db.rows(`delete from app.${table} ${OF}`, tenant.id);
      await db.rows(`insert into app.${table} select * from public.kept_${table} ${OF}`, tenant.id);
      await db.rows(`delete from public.kept_${table} ${OF}`, tenant.id);
    }
  }
}

describe('LOG-2 tillgate audit verify', () => {
  test('good; then every kind of tampering is named, and nothing is repaired', async () => {
    const store = await platform.store();
    await store.signedIn({ user: { name: 'A', role: 'owner' } });
    await chained(store.tenant);
    const count = (await lines(store.tenant)).length;
    assert.ok(count >= 6, `${count} lines`);
    assert.match(await verify(store.tenant), new RegExp(`${count} lines +good`));
    for (const [what, sql] of Object.entries({
      'line 3  gap': `delete from app.event_lines ${OF} and line = 3`,
      'line 2  altered': `update app.event_lines set kind = 'nothing_special' ${OF} and line = 2`,
      [`line ${count}  truncated`]: `delete from app.event_lines ${OF} and line = ${count}`,
      'line 4  reordered': `update app.event_lines set line = 1009 - line + ${count} ${OF} and line in (4, 5)`,
      'stripped': `delete from app.event_people ${OF}`,
      'altered': `update app.event_people set person = person || '{"address": "203.0.113.77"}' ${OF}`,
    })) {
      const said = await tampered(store.tenant, sql);
      if (what.includes('reordered')) assert.match(said, /line 4 +gap/);
      else assert.ok(said.includes(what), `${what}: ${said}`);
    }
    assert.match(await verify(store.tenant), /good/);
  });

  test('cut off together with the head: the server\'s log knows it', async () => {
    const store = await platform.store();
    await store.signedIn();
    await chained(store.tenant);
    const log = `${stack.run}/anchors-${crypto.randomUUID()}.log`;
    const known = await until('the head to be in the log', async () =>
      stack.serverLog().split('\n').filter((line) => line.includes('"chain_head"') && line.includes(store.tenant.id)).join('\n'));
    fs.writeFileSync(log, `${known}\n`);
    const { line } = JSON.parse(known.split('\n').filter((one) => one.includes('"events"')).at(-1));
    assert.match(await verify(store.tenant, '--anchor', log), /good/);
    const cut = `with gone as (delete from app.event_lines ${OF} and line >= ${line} returning line), kept as (select line, hash from app.event_lines ${OF} and line < ${line} order by line desc limit 1)
      update app.event_heads h set line = kept.line, hash = kept.hash from kept where app.typeid('tenant', h.tenant_id) = $1`;
    assert.match(await tampered(store.tenant, cut), /good/);
    assert.match(await tampered(store.tenant, cut, '--anchor', log), new RegExp(`line ${line} +truncated`));
  });

  test('asks for what it needs', async () => {
    assert.match(await stack.tillgate('audit', 'verify', stack.configFile, 'nonsense').catch((error) => String(error.message)), /not the id of a store/);
    assert.match(await stack.tillgate('audit', 'repair').catch((error) => String(error.message)), /usage/);
    assert.match(await stack.tillgate('audit', 'verify', stack.configFile, '--anchor', '/nowhere').catch((error) => String(error.message)), /nowhere/);
  });
});
