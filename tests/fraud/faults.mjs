// What the provider, the network and the machine do to a text, and that its money stays right: FLT-7 to FLT-15 where the stories stop. Behind the last test
// of each stack all invariants are checked, I7 among them: what is spent is what the ledger says.
import fs from 'node:fs';
import test from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, newNumber, send, story, until } from '../harness/suite.mjs';
import { hurrySend, untilSend } from '../harness/sends.mjs';
import { checkInvariants } from '../harness/invariants.mjs';
import { freePorts } from '../harness/process.mjs';
import { BINARY } from '../harness/stack.mjs';
import { Twilio, fieldsOf } from '../harness/twilio.mjs';
import { openStore } from './support/store.mjs';
import { generator } from './support/world.mjs';

const FULL = process.argv.includes('--full') || process.env.TILLGATE_FULL === '1';
const { stack, platform, sandbox, db } = await story({});
const store = await openStore(stack, platform);
const random = generator(1404);
const fresh = { fresh: true };

// A browser whose user has saved a number and may ask for a code.
async function ready() {
  const browser = await store.launch();
  browser.number = newNumber();
  expect(await browser.savePhone(browser.number, {}), 200);
  return browser;
}
const ask = async (browser) => expect(await browser.call('POST', '/api/phone/send-code', fresh), 202).id;
const posted = (number) => sandbox.ledger().filter((one) => one.to === number).length;
// So many at a time, each with its own browser.
async function many(count, work, atOnce = 6) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async () => {
    while (next < count) await work(next++);
  }));
}

test('FLT-7 Twilio is away for some seconds while twenty texts are asked for: each comes, once', async () => {
  const browsers = await Promise.all(Array.from({ length: 20 }, ready));
  await stack.sandboxProgram.stop();
  const ids = [];
  for (const browser of browsers) ids.push(await ask(browser));
  await stack.startSandbox();
  for (const [i, id] of ids.entries()) {
    await hurrySend(db, id, 'delivered');
    assert.equal(posted(browsers[i].number), 1);
  }
});

test('FLT-8 three of ten posts are told 429: all sixty come, once', async () => {
  const browsers = await Promise.all(Array.from({ length: 60 }, ready));
  await sandbox.fault(...browsers.filter(() => random.chance(0.3)).map(({ number }) => ({ kind: 'status', status: 429, code: 20429, to: number, times: 1 + random.below(2) })));
  await many(browsers.length, async (i) => {
    const id = await ask(browsers[i]);
    await hurrySend(db, id, 'delivered');
    assert.equal(posted(browsers[i].number), 1);
  });
});

test('a certain refusal costs nothing, an undelivered text costs what it cost, an ambiguous one stays reserved', async () => {
  const money = async (id) => db.row(`select s.state, s.money_state, s.price_micros, s.reserved_micros from app.sends s join app.challenges c using (tenant_id, challenge_id) where app.typeid('challenge', c.challenge_id) = $1`, id);
  const endings = [
    [{ kind: 'status', status: 400, code: 21211 }, ['refused', 'failed'], (row) => assert.deepEqual([row.money_state, row.price_micros], ['released', 0])],
    [{ kind: 'outcome', status: 'undelivered', error_code: 30003 }, ['undelivered'], (row) => assert.ok(row.price_micros > 0 && row.money_state !== 'released')],
    [{ kind: 'status', status: 500 }, ['unknown'], (row) => assert.deepEqual([row.price_micros, row.money_state === 'released'], [row.reserved_micros, false])],
  ];
  for (const [fault, states, check] of endings) {
    const browser = await ready();
    await sandbox.fault({ ...fault, to: browser.number, times: 1 });
    const id = await ask(browser);
    await hurrySend(db, id, ...states);
    check(await money(id));
  }
});

// Two hundred answers that are not Twilio's, or not quite: cut, flipped, nested, wrong in kind. What parses to a right answer may be believed.
test('FLT-10 a corpus of 200 spoiled answers: none is believed to be a refusal, none makes a second text', { timeout: 500_000 }, async () => {
  const good = JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued', account_sid: 'AC0', error_code: null, price: null, body: 'x', num_segments: '1' });
  const spoil = [
    () => good.slice(0, random.below(good.length)),
    () => [...good].map((letter) => (random.chance(0.05) ? String.fromCharCode(random.below(256)) : letter)).join(''),
    () => good.replaceAll('"', random.pick(["'", '', '\\"'])),
    () => `${'['.repeat(random.below(5000))}${good}`,
    () => good.replace(/"sid":"[^"]*"/, `"sid":${random.pick(['null', '{}', '[]', '1e999', 'true', '"SM"', `"${'S'.repeat(5000)}"`])}`),
    () => good.replace(/"status":"[^"]*"/, `"status":${random.pick(['null', '0', '"\\u0000"', '"DELIVERED"', '[1]'])}`),
    () => '\ufeff'.repeat(1 + random.below(3)) + good,
    () => JSON.stringify({ code: random.below(99999), message: 'x', status: random.below(999) }),
    () => `<${'!'.repeat(random.below(60_000))}html>`,
    () => Array.from({ length: random.below(400) }, () => String.fromCharCode(random.below(65_536))).join(''),
  ];
  await many(200, async (i) => {
    const browser = await ready();
    await sandbox.fault({ kind: 'garbage', status: random.pick([200, 201, 201, 202, 299, 302, 500, 502, 503]), body: spoil[i % spoil.length](), to: browser.number, times: 1 });
    const id = await ask(browser);
    await untilSend(db, id, 'ambiguous', 'unknown', 'accepted', 'sent', 'delivered');
    assert.equal(posted(browser.number), 0);
    // What nobody will ever know is decided now, so that the next ones need not wait for it.
    await db.rows(`update app.sends s set state = 'unknown', due_at = null, price_due_at = now() + interval '1 hour' from app.challenges c where c.challenge_id = s.challenge_id and app.typeid('challenge', c.challenge_id) = $1`, id);
  });
  assert.ok(stack.server.running);
});

test('FLT-12 up to twenty callbacks of a text, shuffled, some forged: the way only leads forward, no forgery counts', async () => {
  const twilio = new Twilio(stack);
  const times = [];
  const post = async (...words) => {
    const began = performance.now();
    const answer = await twilio.post(...words);
    times.push(performance.now() - began);
    return answer.status;
  };
  for (let round = 0; round < 10; round++) {
    const browser = await ready();
    await sandbox.fault({ kind: 'callbacks', none: true, to: browser.number });
    const id = await ask(browser);
    await untilSend(db, id, 'accepted', 'sent', 'delivered');
    const [message] = await sandbox.messagesTo(browser.number);
    const callback = sandbox.ledger().find((one) => one.sid === message.sid);
    const calls = Array.from({ length: 1 + random.below(20) }, () => random.pick(['queued', 'sent', 'delivered', 'forged key', 'forged url', 'forged field', 'unsigned']));
    if (!calls.includes('delivered')) calls.push('delivered');
    for (const [i, call] of calls.entries()) {
      const fields = fieldsOf(callback, call === 'queued' || call === 'sent' ? call : 'delivered', { [`New${i}`]: 'unknown parameters are signed, too' });
      const lie = fieldsOf(callback, 'failed', { ErrorCode: '30006' });
      const before = (await untilSend(db, id, 'accepted', 'sent', 'delivered')).state;
      if (call === 'forged key') assert.equal(await post(callback, lie, { token: 'another token' }), 403);
      else if (call === 'forged url') assert.equal(await post(callback, lie, { url: callback.callback.replace('hooks.', 'hook.') }), 403);
      else if (call === 'forged field') assert.equal(await post(callback, fields, { sent: lie }), 403);
      else if (call === 'unsigned') assert.equal(await post(callback, lie, { signature: '' }), 403);
      else assert.equal(await post(callback, fields), 204);
      const { state } = await untilSend(db, id, 'accepted', 'sent', 'delivered');
      const order = ['accepted', 'sent', 'delivered'];
      assert.ok(order.indexOf(state) >= order.indexOf(before), `${before} → ${state}`);
    }
    await untilSend(db, id, 'delivered');
  }
  times.sort((a, b) => a - b);
  console.log(`FLT-12: ${times.length} callbacks, p50 ${times[times.length >> 1].toFixed(1)} ms, p99 ${times[Math.floor(times.length * 0.99)].toFixed(1)} ms (server with sanitizers, busy machine)`);
});

test('FLT-12 prices that Twilio tells later are settled in the ledger, to the micro-unit', async () => {
  const browser = await ready();
  const id = await ask(browser);
  await untilSend(db, id, 'delivered');
  const [message] = await sandbox.messagesTo(browser.number);
  const settled = await until('the price', async () => {
    await db.rows(`update app.sends s set price_due_at = now() - interval '1 second' from app.challenges c where c.challenge_id = s.challenge_id and app.typeid('challenge', c.challenge_id) = $1 and price_due_at > now()`, id);
    return db.row(`select s.price_micros, s.segments from app.sends s join app.challenges c using (tenant_id, challenge_id) where app.typeid('challenge', c.challenge_id) = $1 and money_state = 'settled'`, id);
  }, { pause: 250 });
  assert.equal(settled.price_micros, 7900 * settled.segments, message.sid);
});

test(`FLT-14 the whole server is killed ${FULL ? 300 : 30} times while texts are asked for`, { timeout: 3_000_000 }, async () => {
  const browsers = await Promise.all(Array.from({ length: 40 }, ready));
  const told = [];
  let over = false;
  const asking = many(browsers.length * 20, async (i) => {
    if (over) return;
    const browser = browsers[i % browsers.length];
    const answer = await browser.call('POST', '/api/phone/send-code', fresh).catch((error) => error);
    if (answer.status === 202) told.push(browser);
    await sleep(random.below(120));
  }, 4);
  for (let kill = 0; kill < (FULL ? 300 : 30); kill++) {
    await sleep(random.below(400));
    await stack.killServer();
    await stack.startServer();
  }
  over = true;
  await asking;
  assert.ok(told.length > 0);
  // Whatever they left is decided by the server that lives: hurried, then looked at.
  await until('every text to be decided', async () => {
    await db.rows(`update app.sends set due_at = now() - interval '1 second' where due_at > now()`);
    return (await db.value(`select count(*) from app.sends where due_at is not null`)) === 0;
  }, { pause: 500, patience: 120_000 });
  const twice = sandbox.ledger().reduce((counts, { callback }) => counts.set(callback, (counts.get(callback) ?? 0) + 1), new Map());
  assert.deepEqual([...twice].filter(([, count]) => count > 1), []);
  assert.deepEqual(await checkInvariants(stack), []);
});

test('FLT-15 the owner of a text is paused and comes back after its lease: another node has found the truth, nothing is posted twice', async () => {
  const second = await secondServer();
  const browsers = await Promise.all(Array.from({ length: 10 }, ready));
  await sandbox.fault(...browsers.map(({ number }, i) => ({ kind: 'delay', ms: i % 2 ? 1500 : 6000, to: number, times: 1 })));
  const ids = await Promise.all(browsers.map(ask));
  await until('all to be under way', async () => (await db.value(`select count(*) from app.sends where state = 'queued'`)) === 0);
  const owners = await stack.workerPids();
  for (const pid of owners) process.kill(pid, 'SIGSTOP');
  try {
    // Its leases run out; the second node takes over.
    await until('the second node to know', async () => {
      await db.rows(`update app.sends set due_at = now() - interval '1 second' where due_at > now()`);
      return (await db.value(`select count(*) from app.sends where state in ('queued', 'in_flight', 'ambiguous')`)) === 0;
    }, { pause: 500, patience: 90_000 });
  } finally {
    for (const pid of owners) process.kill(pid, 'SIGCONT');
  }
  for (const [i, id] of ids.entries()) {
    await hurrySend(db, id, 'delivered', 'unknown');
    assert.ok(posted(browsers[i].number) <= 1);
  }
  await second.stop();
});

// One more server on the same database, as a second machine would be; only its timers work, for nobody talks to it.
async function secondServer() {
  const [listen, ops] = await freePorts(2);
  const text = fs.readFileSync(stack.configFile, 'utf8').replace(/^listen = .*$/m, `listen = 127.0.0.1:${listen}`).replace(/^ops_listen = .*$/m, `ops_listen = 127.0.0.1:${ops}`);
  const file = `${stack.run}/second.conf`;
  fs.writeFileSync(file, text, { mode: 0o600 });
  const server = stack.start('second', [BINARY, 'serve', file], { log: 'second' });
  await until('the second server', async () => (await send({ port: ops, host: 'localhost', path: '/readyz', fresh: true })).status === 200);
  return server;
}
