// Thirty days of two hundred stores, and seven attacks on them: what do attackers get paid, and which good sign-ins suffer? (security.md d.5)
//
//   node tests/fraud/simulation.mjs [--full]
//
// Every decision is made by the product's own SQL in a private Postgres whose clock we move (support/clock.mjs), one event after the other, from one seed.
// What the server does around a decision (claim, post, callback, price, answer, timer) is called as the server calls it. Scaled down by default: a
// tenth of the requests of each attack, and a visit a store and day; --full has them all, and six visits.
import fs from 'node:fs';
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { ClockedPostgres } from './support/clock.mjs';
import { DAY, World } from './support/world.mjs';

const FULL = process.argv.includes('--full') || process.env.TILLGATE_FULL === '1';
const SCALE = FULL ? 1 : Number(process.env.TILLGATE_SCALE ?? 0.1);
const PER_DAY = FULL ? 6 : 1;
const BEGAN = Date.UTC(2027, 2, 1) / 1000;
const TARGETS = { floodTexts: 60, medianDollars: 10, goodBlocked: 0.5, decision: 5 };

// Events in the order of their seconds, then of their making.
class Agenda {
  #heap = [];
  #made = 0;

  add(at, run) {
    const heap = this.#heap;
    heap.push({ at, order: this.#made++, run });
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!earlier(heap[i], heap[parent])) break;
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
      i = parent;
    }
  }

  take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || first === undefined) return first;
    heap[0] = last;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && earlier(heap[child], heap[least])) least = child;
      if (least === i) return first;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
}
const earlier = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);

class Simulation {
  world = new World({ perDay: PER_DAY, scale: SCALE });
  agenda = new Agenda();
  texts = 0;
  asked = []; // good people's wishes: {at, store, blocked}
  answers = {}; // what attackers were told, by attack and code
  decisions = []; // microseconds of Postgres, and of waiting for it
  wrong = []; // I7
  costs = {}; // what each kind of call took

  async run() {
    this.postgres = await ClockedPostgres.start(BEGAN);
    this.db = await this.postgres.connect();
    await this.db.query(fs.readFileSync(new URL('support/simulation.sql', import.meta.url), 'utf8'));
    await this.#settle();
    this.#plan();
    for (let event = this.agenda.take(); event; event = this.agenda.take()) {
      this.postgres.set(event.at);
      this.now = event.at;
      await event.run();
    }
    this.wrong.push(...(await this.rows('select * from sim.money_wrong() as wrong')).map(({ wrong }) => wrong));
    await this.#chained();
  }

  // Each statement prepared once.
  async rows(text, ...values) {
    const before = ClockedPostgres.spent(this.db);
    const { rows } = await this.db.query(values.length > 0 ? { name: text.slice(0, 60), text, values } : text);
    const cost = (this.costs[text.slice(0, 40)] ??= { calls: 0, ms: 0 });
    cost.calls += 1;
    cost.ms += (ClockedPostgres.spent(this.db) - before) / 1000;
    return rows;
  }

  async #settle() {
    // What the first synchronisation brings; the table until then has Germany above what a text to abroad may cost by default.
    await this.rows('select operator.prices_put($1, $2)', 'USD', JSON.stringify([{ country: 'DE', price_micros: 97_200 }]));
    for (const store of this.world.stores) if (!store.born) await this.#open(store, '60 days');
    await this.#arrive(this.world.people.filter(({ attack }) => attack === 0));
  }

  #open = ({ n, slug, status, countries }, age) => this.rows('select sim.store($1, $2, $3, $4, $5::interval)', n, slug, status, countries, age);

  async #arrive(people) {
    for (let i = 0; i < people.length; i += 2000) await this.rows('select sim.people_add($1)', JSON.stringify(people.slice(i, i + 2000)));
  }

  #plan() {
    const { world, agenda } = this;
    for (const { at, n } of world.visits) agenda.add(at, () => this.#visit(n, 1));
    for (const attack of world.attacks) {
      agenda.add(attack.start - 3600, async () => {
        for (const store of world.stores) if (attack.attack === 7 && store.born) await this.#open(store, '0 days');
        await this.#arrive(world.people.filter((person) => person.attack === attack.attack));
        await this.db.query('analyze');
      });
    }
    for (const request of world.requests) agenda.add(request.at, () => this.#request(request));
    for (let day = 0; day < world.days; day++) agenda.add(day * DAY + (day === 0 ? 12 * 3600 : 3 * 3600), () => (day < 2 || day % 3 === 0) && this.db.query('vacuum analyze'));
    this.#ticks();
  }

  // The server's timer runs each other second; here each two minutes while an attack is under way, else each twenty: breakers open a little later than in truth.
  #ticks() {
    const busy = ({ at }) => this.world.attacks.some(({ start, end }) => at >= start && at < end + 3600);
    for (let at = 0; at < this.world.days * DAY; at += busy({ at }) ? 120 : 1200) this.agenda.add(at, () => this.rows('select sim.tick()'));
    for (const { end } of this.world.attacks) this.agenda.add(end, async () => this.wrong.push(...(await this.rows('select * from sim.money_wrong() as wrong')).map(({ wrong }) => wrong)));
  }

  // ------------------------------------------------------------------ what people do

  // Who gets no answer to the first text may ask once more; seven in ten type the code.
  async #visit(n, attempt) {
    const { random, people } = this.world;
    const verdict = await this.#ask(n, `198.51.${100 + (n >> 8)}.${n & 255}`);
    if (attempt === 1) this.asked.push({ at: this.now, store: people[n].store, blocked: !verdict.sent, why: verdict.answer });
    if (!verdict.sent) return;
    const text = this.texts;
    if (random.chance(0.7)) this.#answer(n, text, 15 + random.below(75));
    else if (attempt === 1 && random.chance(0.5)) this.agenda.add(this.now + 70 + random.below(60), () => this.#visit(n, 2));
  }

  #answer(n, text, seconds) {
    this.agenda.add(this.now + seconds, () => this.rows('select sim.answer($1, $2)', n, text));
  }

  async #request({ n, address, converts }) {
    const { attack } = this.world.people[n];
    const verdict = await this.#ask(n, address);
    const told = (this.answers[attack] ??= {});
    const word = verdict.sent ? 'sent' : verdict.answer;
    told[word] = (told[word] ?? 0) + 1;
    if (verdict.sent && converts) this.#answer(n, this.texts, 20);
  }

  async #ask(n, address) {
    const text = ++this.texts;
    const [began, cpu] = [performance.now(), ClockedPostgres.spent(this.db)];
    const [{ ask: answer }] = await this.rows('select sim.ask($1, $2, $3)', n, text, address);
    this.decisions.push([ClockedPostgres.spent(this.db) - cpu, (performance.now() - began) * 1000]);
    const sent = answer.startsWith('sent');
    if (sent) await this.rows('select sim.delivered($1, $2)', n, text);
    return { sent, answer };
  }

  // ------------------------------------------------------------------ what came of it

  async #chained() {
    for (let left = 1; left > 0;) {
      await this.rows('select sim.tick()');
      [{ left }] = await this.rows('select count(*)::integer as left from app.ledger_entries');
    }
    [{ verdict: this.verified }] = await this.rows('select operator.ledger_verify(null) as verdict');
  }

  // By attack: texts that were paid for, what they cost, the most of one store and country, the most of one store's day against its cap.
  async report() {
    const paid = new Map((await this.rows(
      `select p.attack, count(*)::integer as texts, sum(s.price_micros)::bigint as micros from app.sends s join sim.people p using (user_id) where p.attack > 0 group by 1`))
      .map((row) => [row.attack, row]));
    const most = new Map((await this.rows(
      `select attack, max(texts)::integer as texts from (select p.attack, s.tenant_id, s.country, count(*) as texts from app.sends s join sim.people p using (user_id)
         where p.attack > 0 group by 1, 2, 3) x group by 1`)).map((row) => [row.attack, row.texts]));
    this.overspent = await this.rows(
      `select t.slug, date_trunc('day', s.created_at, 'UTC') as day, sum(s.price_micros)::bigint as micros from app.sends s join app.tenants t using (tenant_id)
        group by t.tenant_id, t.slug, t.status, 2 having sum(s.price_micros) > app.day_default(t.status)`);
    return this.world.attacks.map((attack) => {
      const { texts = 0, micros = 0 } = paid.get(attack.attack) ?? {};
      const good = this.asked.filter(({ at }) => at >= attack.start && at < attack.start + 2 * DAY);
      const { store } = this.world.people.find((person) => person.attack === attack.attack);
      const own = good.filter((one) => one.store === store);
      return {
        ...attack, texts, dollars: micros / 1e6, most: most.get(attack.attack) ?? 0, good: percent(good), victim: percent(own), answers: this.answers[attack.attack],
      };
    });
  }
}

const percent = (asked) => (asked.length === 0 ? 0 : (100 * asked.filter(({ blocked }) => blocked).length) / asked.length);
const quantile = (numbers, q) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))];
const median = (numbers) => quantile(numbers, 0.5);
const mark = (good) => (good ? '✓' : '✗ missed');

function print(rows, found) {
  const line = (cells) => console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(42) : String(cell).padStart(12))).join(''));
  console.log(`\n200 stores, 30 days, ${found.asked} good visits (${PER_DAY} a store and day), attacks at ${SCALE * 100} % of their requests${FULL ? '' : ' (--full: all)'}\n`);
  line(['attack', 'requests', 'texts paid', 'per country', 'money lost', 'good blocked', 'of victim']);
  for (const row of rows) line([`(${row.attack}) ${row.name}`, row.requests, row.texts, row.most, `$${row.dollars.toFixed(2)}`, `${row.good.toFixed(2)} %`, `${row.victim.toFixed(1)} %`]);
  console.log('  per country: the most texts of one store in one country; good blocked: of all good visits in the 48 hours from its start.\n');
  const goal = (text, value, target, good) => console.log(`${text.padEnd(52)}${value.padStart(12)}${`≤ ${target}`.padStart(14)}   ${mark(good)}`);
  goal('attack (1): paid texts in one store and country', String(rows[0].most), '60', rows[0].most <= TARGETS.floodTexts);
  goal("a store's day above its cap", String(found.overspent), '0', found.overspent === 0);
  goal('median of the money lost to an attack', `$${found.median.toFixed(2)}`, '$10', found.median <= TARGETS.medianDollars);
  goal('good visits blocked, 30 days', `${found.blocked.toFixed(3)} %`, '0.5 %', found.blocked <= TARGETS.goodBlocked);
  goal('decision, p99 (CPU of Postgres)', `${found.cpu.toFixed(2)} ms`, '5 ms', found.cpu <= TARGETS.decision);
  console.log(`  p50 ${found.cpuHalf.toFixed(2)} ms; as the caller waits, on this machine as busy as it is: p50 ${found.wallHalf.toFixed(2)} ms, p99 ${found.wall.toFixed(2)} ms\n`);
}

const simulation = new Simulation();
if (process.env.TILLGATE_EXPLAIN) process.on('SIGUSR2', () => console.log(simulation.now / DAY, JSON.stringify(simulation.costs, null, 1)));
let rows;
let found;

before(async () => {
  await simulation.run();
  rows = await simulation.report();
  const { asked, decisions, overspent } = simulation;
  const ms = (i, q) => quantile(decisions.map((one) => one[i]), q) / 1000;
  found = {
    asked: asked.length, blocked: percent(asked), overspent: overspent.length, median: median(rows.map(({ dollars }) => dollars)),
    cpu: ms(0, 0.99), cpuHalf: ms(0, 0.5), wall: ms(1, 0.99), wallHalf: ms(1, 0.5),
  };
  print(rows, found);
  if (process.env.TILLGATE_EXPLAIN) {
    console.log(JSON.stringify(simulation.costs, null, 1));
    console.log(JSON.stringify(rows.map(({ attack, answers }) => ({ attack, answers })), null, 1));
    const why = {};
    for (const one of asked) if (one.blocked) why[one.why] = (why[one.why] ?? 0) + 1;
    console.log(JSON.stringify(why));
  }
}, { timeout: FULL ? 3_600_000 : 600_000 });
after(async () => {
  await simulation.db?.end();
  await simulation.postgres?.stop();
});

test('(1) a flood on one prefix: at most 60 texts of a store to a country are paid', () => assert.ok(rows[0].most <= TARGETS.floodTexts, `${rows[0].most} texts`));
test('no store ever spends more than its day', () => assert.deepEqual(simulation.overspent, []));
test('half of the attacks cost at most ten dollars', () => assert.ok(found.median <= TARGETS.medianDollars, `$${found.median}`));
test('at most one good visit in two hundred is refused', () => assert.ok(found.blocked <= TARGETS.goodBlocked, `${found.blocked} %`));
test('a decision takes Postgres at most 5 ms, p99', () => assert.ok(found.cpu <= TARGETS.decision, `${found.cpu} ms`));
test('I7: counters and ledger agreed at the end of every attack and of the month', () => assert.deepEqual(simulation.wrong, []));
test('the chain of every ledger holds', () => assert.equal(simulation.verified.ok, true, JSON.stringify(simulation.verified)));
