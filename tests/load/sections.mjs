// What is measured, one function each. Ceiling and product take turns within a round, so that both meet the same weather.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { spawn } from 'node:child_process';
import { median, medians } from './figures.mjs';
import { lists } from './lists.mjs';
import { cpu, memory, sleep, start, stop, waitPort } from './machine.mjs';

export const SECTIONS = { plain, read, forward, start: challengeStart, verify, money, alone, neighbour, memory: memorySection, startup, sender, lists: (bench) => lists(bench, turns), growth };

const WORKERS = availableParallelism();

async function plain(bench) {
  const file = bench.requests.file('time', bench.chosen.slice(0, 1000), bench.requests.time);
  const bare = start(`${bench.dir}/bare`, [String(bench.port.bare), String(WORKERS)], `${bench.dir}/bare.log`);
  await waitPort(bench.port.bare, bare);
  await bench.startServer();
  const rounds = await turns(bench, async () => {
    const ceiling = await bench.drive(bench.port.bare, file, { seconds: 2 }, bare);
    const product = await bench.drive(bench.port.server, file, { seconds: 2 });
    return figuresOf(product, { ceiling: ceiling.rate, ratio: product.rate / ceiling.rate });
  });
  await bench.stopServer();
  await stop(bare);
  record(bench, 'plain', 'without database', rounds);
}

// Any user, again and again.
async function read(bench) {
  await compare(bench, 'read', 'session read', {
    state: { state: 'ready' },
    file: bench.requests.file('read', bench.chosen, bench.requests.sessionRead),
    clients: bench.quick ? [4] : [2, 4, 8],
    options: { seconds: 2 },
  });
}

// What each request of an application behind the panel costs: one read and one signature, beside the read that a session is.
async function forward(bench) {
  const { requests, port, chosen } = bench;
  const [reads, forwards] = [requests.sessionRead, requests.forward].map((make, i) => requests.file(`forward-${i}`, chosen, make));
  await bench.startServer();
  await bench.database.reset({ state: 'ready' });
  const rounds = await turns(bench, async () => {
    const read = await bench.drive(port.server, reads, { seconds: 2 });
    const product = await bench.drive(port.server, forwards, { seconds: 2 });
    return figuresOf(product, { ratio: product.rate / read.rate, signature: product.server - read.server });
  });
  await bench.stopServer();
  record(bench, 'forward', 'behind the panel', rounds);
}

// Every user once in a round: a second text would be refused. The goal compares at as many connections as the server has for writes.
async function challengeStart(bench) {
  await compare(bench, 'start', 'start a challenge', {
    state: {}, count: bench.quick ? 3000 : 6000, make: bench.requests.start, clients: [WORKERS], best: bench.quick ? [16] : [16, 32], options: { once: 1, expect: 202 },
  });
}

async function verify(bench) {
  await compare(bench, 'verify', 'verify a code', {
    state: { challenge: true }, count: bench.quick ? 5000 : 10_000, make: bench.requests.verify, clients: bench.quick ? [16] : [8, 16, 32], options: { once: 1 },
  });
}

// Ceiling, product in the closed loop, product at half of that rate, and Node, in turns.
async function compare(bench, kind, name, plan) {
  const { database, port } = bench;
  const { count, make, options } = plan;
  const files = count
    ? [0, 1].map((i) => bench.requests.file(`${kind}-${i}`, bench.chosen.slice(i * count, (i + 1) * count), make))
    : [plan.file, plan.file];
  const limits = { seconds: count ? 4 : options.seconds };
  const reset = () => database.reset(plan.state);
  let calls; // of pgbench, when each user may come once: what takes it about 2 s here and now
  const ceiling = async (clients) => (await reset(), database.ceiling(kind, clients, { count: calls, seconds: options.seconds }));
  if (count) calls = 400;
  if (count) calls = Math.min(count, Math.max(400, Math.round(2 * (await ceiling(plan.clients[0])))));
  const clients = await fastest(plan.clients, ceiling);
  if (plan.best) await noteBest(bench, name, plan.best, ceiling);
  await bench.startServer();
  await bench.startNode();
  const rounds = await turns(bench, async () => {
    const most = await ceiling(clients);
    await reset();
    const product = await bench.drive(port.server, files[0], { ...options, ...limits });
    const half = await bench.drive(port.server, files[1], { ...options, seconds: 2, rate: Math.round(product.rate / 2) });
    await reset();
    const node = await bench.drive(port.node, files[0], { ...options, ...limits }, bench.node);
    return figuresOf(product, {
      ceiling: most, ratio: product.rate / most, nodeRate: node.rate, node: product.rate / node.rate, halfP50: half.p50 / 1000, halfP99: half.p99 / 1000,
      failed: product.failed + half.failed + node.failed, load: memory(bench.server.pid), nodeLoad: memory(bench.node.pid),
    });
  });
  await stop(bench.node);
  await bench.stopServer();
  record(bench, kind, name, rounds);
  bench.notes.push(`${name}: the ceiling is pgbench with ${clients} connections.`);
  bench.memory.push([`after ${name}: server, node:http + pg`, ...['load', 'nodeLoad'].map((key) => median(rounds.map((r) => r[key])).toFixed(1))]);
}

// What the layers of money and fraud add to a send decision: the same call, in turns, on this database and on a copy in which those layers are lifted
// (lifted.sql says which). CPU of Postgres per call decides: a commit's wait for the disk is the same for both and would hide the difference.
async function money(bench) {
  const { database } = bench;
  const count = bench.quick ? 1500 : 4000;
  await database.reset();
  const lifted = await database.copy('lifted', 'lifted.sql');
  // One statement waits for another's commit at the platform's row: on a slow disk longer than the server would.
  for (const { database: name } of [database, lifted]) await database.query(`alter role tillgate_server in database ${name} set lock_timeout = 0`);
  const side = async (place) => {
    await place.reset();
    const before = cpu(place.pid);
    const rate = await place.ceiling('start', WORKERS, { count });
    const calls = Math.floor(count / WORKERS) * WORKERS;
    return { rate, cpu: (cpu(place.pid) - before) / calls };
  };
  await side(database);
  await side(lifted);
  const rounds = await turns(bench, async () => {
    const without = await side(lifted);
    const whole = await side(database);
    return { ratio: whole.cpu / without.cpu, time: without.rate / whole.rate, whole: whole.cpu, without: without.cpu, rate: whole.rate, withoutRate: without.rate };
  });
  await database.query(`alter role tillgate_server in database ${database.database} reset lock_timeout`);
  await lifted.close();
  const middle = medians(rounds);
  bench.figures.money = middle;
  bench.notes.push(`money: a send decision takes Postgres ${middle.whole.toFixed(0)} µs of CPU with all layers, ${middle.without.toFixed(0)} µs without money and fraud (${rounds.map(({ ratio }) => ratio.toFixed(2)).join(', ')} ×); ` +
    `with its durable commit, ${WORKERS} connections: ${middle.rate.toFixed(0)}/s against ${middle.withoutRate.toFixed(0)}/s (${middle.time.toFixed(2)} ×).`);
}

async function fastest(candidates, rateOf) {
  if (candidates.length === 1) return candidates[0];
  const rates = [];
  for (const clients of candidates) rates.push(await rateOf(clients));
  return candidates[rates.indexOf(Math.max(...rates))];
}

async function noteBest(bench, name, candidates, rateOf) {
  const rates = [];
  for (const clients of candidates) rates.push(await rateOf(clients));
  bench.notes.push(`${name}: pgbench with more connections than the server has: ${candidates.map((c, i) => `${c}: ${Math.round(rates[i])}/s`).join(', ')}.`);
}

async function turns(bench, round) {
  const rounds = [];
  for (let i = 0; i < bench.rounds; i++) rounds.push(await round());
  return rounds;
}

const figuresOf = (seen, more) => ({
  rate: seen.rate, p50: seen.p50 / 1000, p99: seen.p99 / 1000, server: seen.server, postgres: seen.postgres, failed: seen.failed, ...more,
});

function record(bench, kind, name, rounds) {
  bench.figures[kind] = medians(rounds);
  bench.rows.push({ ...bench.figures[kind], name, failed: rounds.reduce((sum, round) => sum + round.failed, 0) });
}

// One client that waits for each answer.
async function alone(bench) {
  const { database, requests, port, chosen } = bench;
  const count = bench.quick ? 300 : 1000;
  const kinds = { read: [requests.sessionRead, {}], start: [requests.start, { expect: 202 }], verify: [requests.verify, {}] };
  await bench.startServer();
  bench.figures.alone = {};
  for (const [kind, [make, options]] of Object.entries(kinds)) {
    const file = requests.file(`alone-${kind}`, chosen.slice(0, count), make);
    const rounds = await turns(bench, async () => {
      await database.reset({ challenge: kind === 'verify' });
      return bench.drive(port.server, file, { connections: 1, once: 1, seconds: 5, ...options });
    });
    bench.figures.alone[kind] = median(rounds.map((seen) => seen.p50)) / 1000;
  }
  await bench.stopServer();
}

// What one tenant's, or one kind of, heavy work does to the p99 of others at a steady rate far below what the machine can do.
async function neighbour(bench) {
  const { database, requests, port, chosen } = bench;
  const seconds = bench.quick ? 1 : 3;
  const reads = requests.file('neighbour-reads', chosen.slice(0, 5000), requests.sessionRead);
  const verifies = requests.file('neighbour-verifies', chosen.slice(5000, 9000), requests.verify);
  const writes = requests.file('neighbour-writes', chosen.slice(9000, 15_000), requests.verify);
  const hammer = requests.text('neighbour-hammer', requests.sessionRead(bench.people.user(chosen[15_001])));
  const lists = requests.text('neighbour-lists', requests.tenantList());
  const steady = (file, rate) => bench.drive(port.server, file, { connections: 32, seconds, rate });
  const beside = async (file, rate, noise) => (await Promise.all([steady(file, rate), bench.drive(port.server, ...noise)]))[0];
  await bench.startServer();
  const rounds = await turns(bench, async () => {
    await database.reset({ challenge: true });
    const quietReads = await steady(reads, 1000);
    const underWrites = await beside(reads, 1000, [writes, { connections: 16, seconds, rate: 300 }]);
    const besideLists = await beside(reads, 1000, [lists, { connections: 2, seconds, rate: 10 }]);
    const quietVerifies = await steady(verifies, 400);
    await database.reset({ challenge: true });
    const besideHammer = await beside(verifies, 400, [hammer, { connections: 16, seconds, rate: 1000 }]);
    return { writes: underWrites.p99 / quietReads.p99, lists: besideLists.p99 / quietReads.p99, tenant: besideHammer.p99 / quietVerifies.p99,
      readsP99: quietReads.p99 / 1000, verifiesP99: quietVerifies.p99 / 1000 };
  });
  await bench.stopServer();
  bench.figures.neighbour = medians(rounds);
  bench.notes.push(`neighbours: p99 without them ${bench.figures.neighbour.readsP99.toFixed(2)} ms for 1,000 reads/s, ` +
    `${bench.figures.neighbour.verifiesP99.toFixed(2)} ms for 400 verifies/s.`);
}

async function memorySection(bench) {
  const file = bench.requests.file('memory', bench.chosen.slice(0, 2000), bench.requests.sessionRead);
  await bench.startServer();
  await sleep(500);
  const idle = memory(bench.server.pid);
  const held = spawn(`${bench.dir}/drive`, [String(bench.port.server), '-', 'hold=10000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    held.stdout.once('data', resolve);
    held.once('exit', () => reject(new Error('10,000 connections could not be opened')));
  });
  await sleep(500);
  const connections = memory(bench.server.pid);
  held.stdin.end();
  await bench.database.reset({ state: 'ready' });
  await bench.drive(bench.port.server, file, { seconds: 1 });
  bench.memory.push(['server: idle, with 10,000 idle connections', idle.toFixed(1), connections.toFixed(1)]);
  bench.figures.memory = { idle, connections };
  await bench.stopServer();
}

async function startup(bench) {
  const request = bench.requests.sessionRead(bench.people.user(bench.chosen[0]));
  const times = [];
  await bench.database.reset({ state: 'ready' });
  for (let i = 0; i < bench.rounds; i++) {
    const server = start(bench.binary, ['serve', `${bench.dir}/quiet.conf`], `${bench.dir}/server.log`);
    times.push(await bench.firstAnswer(request));
    await stop(server);
  }
  bench.figures.startup = { ms: median(times) };
}

// Texts are posted to a provider that takes 50 ms and notes when each request arrived. Latency: from the start of the transaction that made
// the text (a little before its commit) to that arrival, at a rate without backlog. Rate: how fast a backlog goes.
async function sender(bench) {
  const { database, requests, port, chosen } = bench;
  const calm = requests.file('sender-calm', chosen.slice(0, 600), requests.start);
  const flood = requests.file('sender-flood', chosen.slice(600, 6600), requests.start);
  await database.reset();
  await bench.startServer('sending');
  await bench.drive(port.server, calm, { once: 1, rate: 200, seconds: 5, expect: 202 });
  await sleep(500);
  const waits = await latencies(bench);
  const before = arrivals(bench).length;
  await bench.drive(port.server, flood, { once: 1, seconds: 20, expect: 202 });
  await settled(bench);
  const times = arrivals(bench).slice(before).map(({ at }) => at).sort((a, b) => a - b);
  await bench.stopServer();
  // The middle of the flood: neither the first posts, for which connections are made, nor the last stragglers.
  const [from, to] = [times[Math.floor(times.length * 0.1)], times[Math.floor(times.length * 0.9)]];
  bench.figures.sender = { rate: (times.length * 0.8) / ((to - from) / 1e6), p99: waits.at(Math.floor(waits.length * 0.99)) };
  bench.notes.push(`sender: ${waits.length} texts at 200/s: p50 ${waits.at(waits.length >> 1)?.toFixed(1)} ms, p99 ${bench.figures.sender.p99?.toFixed(1)} ms; ` +
    `then ${times.length} of 6,000 as fast as they were started.`);
}

// The status callback's URL names the text: send_… with the 26 letters of its id.
const arrivals = (bench) =>
  readFileSync(`${bench.dir}/provider.log`, 'latin1').trim().split('\n').filter(Boolean).map((line) => {
    const [at, form] = line.split(' ');
    return { at: Number(at), send: /send_([0-9a-z]{26})/.exec(decodeURIComponent(form ?? ''))?.[1] };
  });

async function latencies(bench) {
  const made = new Map((await bench.database.query(
    "select substr(app.typeid('send', send_id), 6) as send, extract(epoch from created_at) * 1e6 as at from app.sends where created_at > now() - interval '1 day'"))
    .map((row) => [row.send, Number(row.at)]));
  return arrivals(bench).filter(({ send }) => made.has(send)).map(({ at, send }) => (at - made.get(send)) / 1000).sort((a, b) => a - b);
}

async function settled(bench) {
  for (let i = 0; i < 200; i++, await sleep(100)) {
    const [{ waiting }] = await bench.database.query("select count(*)::int as waiting from app.sends where state in ('queued', 'in_flight')");
    if (waiting === 0) return;
  }
}

// The same three calls with a hundred times as many users.
async function growth(bench) {
  const measured = [await costs(bench)];
  await bench.close();
  await bench.open(bench.users * 100);
  measured.push(await costs(bench));
  bench.figures.growth = Object.fromEntries(['read', 'start', 'verify'].map((kind) => [kind, measured[1][kind] / measured[0][kind]]));
  bench.notes.push(`growth: CPU of Postgres in µs per read, start, verify: ${measured.map((m) => Object.values(m).map((us) => us.toFixed(0)).join(', ')).join(' → ')}.`);
}

async function costs(bench) {
  const { database, requests, port, chosen } = bench;
  const kinds = { read: [requests.sessionRead, {}], start: [requests.start, { expect: 202 }], verify: [requests.verify, {}] };
  const spent = {};
  await bench.startServer();
  for (const [kind, [make, options]] of Object.entries(kinds)) {
    const file = requests.file(`growth-${kind}`, chosen.slice(0, 6000), make);
    const rounds = await turns(bench, async () => {
      await database.reset({ challenge: kind === 'verify' });
      return bench.drive(port.server, file, { once: 1, seconds: 20, ...options });
    });
    spent[kind] = median(rounds.map((seen) => seen.postgres));
  }
  await bench.stopServer();
  return spent;
}
