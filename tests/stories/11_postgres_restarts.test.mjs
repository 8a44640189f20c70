// Goal: Postgres restarts under load, gently and not; nothing acknowledged is lost, nothing happens twice, and whoever could not be served was told when to
// come back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { story, expect, newSlug, newNumber, until } from '../harness/suite.mjs';
import { storm, tally } from '../harness/storm.mjs';

const { stack, platform, sandbox, db } = await story({ ownCluster: true });
const store = await platform.store();

// What a client may meet while the database is away, each with Retry-After (checked on every answer by the harness).
const EXCUSES = ['database_unavailable', 'uncertain', 'overloaded', 'deadline'];

for (const mode of ['fast', 'immediate']) {
  test(`FLT-1 stores are created while Postgres restarts (${mode}): each acknowledged one is there, each key made one`, async () => {
    const made = [];
    let restarting = true;
    const work = storm({
      clients: 12, rounds: 4, over: () => !restarting,
      attempt: async (client, round) => {
        const slug = newSlug();
        const request = { json: { slug, name: `${client} ${round}`, country: 'US' }, headers: { 'idempotency-key': slug } };
        let answer = await platform.call('POST', '/v1/tenants', request);
        if (EXCUSES.includes(answer.json?.code)) answer = await until('the same request to be answered', async () => {
          const again = await platform.call('POST', '/v1/tenants', request);
          return again.status < 500 && again.json.code !== 'idempotency_key_in_use' && again;
        });
        if (answer.status === 201) made.push([slug, answer.json.id]);
        return answer;
      },
    });
    await sleep(300);
    await stack.cluster.restart(mode);
    await sleep(300);
    restarting = false;
    const outcomes = await work;

    assert.deepEqual(tally(outcomes), { 201: outcomes.length });
    await until('the database', () => db.value('select 1'));
    const rows = await db.rows(`select slug, app.typeid('tenant', tenant_id) as id from app.tenants`);
    const known = new Map(rows.map((row) => [row.slug, row.id]));
    for (const [slug, id] of made) assert.equal(known.get(slug), id, `${slug} was acknowledged`);
    assert.equal(rows.length, new Set(rows.map((row) => row.slug)).size);
  });

  test(`FLT-1 codes are asked for and checked while Postgres restarts (${mode}): every 202 is texted, once`, async () => {
    const browsers = await Promise.all(Array.from({ length: 8 }, async () => {
      const browser = await store.launch();
      browser.number = newNumber();
      expect(await browser.savePhone(browser.number), 200);
      return browser;
    }));
    const asking = storm({ clients: 8, rounds: 1, attempt: (client) => sleep(client * 60).then(() => browsers[client].call('POST', '/api/phone/send-code', { fresh: true })) });
    await sleep(150);
    await stack.cluster.restart(mode);
    const outcomes = await asking;
    for (const { answer } of outcomes) assert.ok(answer.status === 202 || EXCUSES.includes(answer.json.code), answer.text);
    for (const { client, answer } of outcomes.filter((one) => one.answer.status === 202)) {
      await until(`the text of ${answer.json.id}`, async () => (await sandbox.messagesTo(browsers[client].number)).length === 1, { patience: 60_000 });
    }
    await until('the server to be ready', async () => { await stack.untilReady(); return true; });
  });
}

test('while Postgres is away the server says so and says when to come back, and its health tells', async () => {
  const browser = await store.signedIn();
  await stack.cluster.restart('fast');
  await until('the session again', async () => (await browser.call('GET', '/api/session', { fresh: true })).status === 200);
  await stack.untilReady();
});
