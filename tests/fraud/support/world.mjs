// The world of the simulation: who the stores and their people are, when they sign in, and who attacks. Everything follows from one seed.

export const DAY = 86_400;
const MINUTE = 60;

// mulberry32: the same numbers on every machine.
export function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] };
}

// Forty countries, the busier ones first, each with its distance from UTC in hours.
const COUNTRIES = Object.entries({
  US: -6, GB: 0, DE: 1, FR: 1, CA: -5, ES: 1, IT: 1, NL: 1, AU: 10, PL: 1, SE: 1, BE: 1, AT: 1, CH: 1, BR: -3, DK: 1, NO: 1, FI: 2, IE: 0, PT: 0,
  CZ: 1, MX: -6, NZ: 12, JP: 9, GR: 2, HU: 1, RO: 2, SK: 1, SI: 1, HR: 1, LT: 2, LV: 2, EE: 2, SG: 8, KR: 9, IL: 2, ZA: 2, CL: -4, AR: -3, IN: 5,
});
// Sign-ins by hour of the local day: mornings and afternoons, hardly any at night.
const HOURS = [1, 1, 1, 1, 1, 2, 5, 14, 30, 34, 28, 22, 18, 24, 26, 22, 18, 14, 12, 10, 9, 7, 4, 2];
const HOURS_SUM = HOURS.reduce((sum, weight) => sum + weight, 0);

export class World {
  people = [];
  stores = [];
  visits = []; // {at, n}: a person comes and asks for a text
  requests = []; // {at, n, address, converts}: an attacker does
  attacks = [];

  constructor({ seed = 20_27, stores = 200, days = 30, perDay, scale }) {
    Object.assign(this, { random: generator(seed), days, scale });
    for (let n = 0; n < stores; n++) this.#store(n, perDay);
    this.#attack(1, 15, 'flood: 1,000 numbers of one prefix', this.#flood);
    this.#attack(2, 17, 'spread: 5 texts a number, 200 prefixes', this.#spread);
    this.#attack(3, 19, 'low and slow: 1 a minute and prefix', this.#slow);
    this.#attack(4, 21, 'attacker answers 30 %', this.#answering);
    this.#attack(5, 23, 'rotating IPv6', this.#rotating);
    this.#attack(6, 25, 'hijacked API key', this.#hijacked);
    this.#attack(7, 27, 'farm of 500 trial stores', this.#farm);
    this.visits.sort((a, b) => a.at - b.at);
  }

  // ------------------------------------------------------------------ good people

  #store(n, perDay) {
    const { random } = this;
    const home = n < COUNTRIES.length ? COUNTRIES[n] : COUNTRIES[Math.floor(COUNTRIES.length * random.next() ** 2)];
    const others = new Set([home[0]]);
    while (others.size < 3) others.add(COUNTRIES[random.below(15)][0]);
    const store = { n, slug: `store-${n}`, status: n % 7 === 6 ? 'trial' : 'active', countries: [...others], zone: home[1] };
    this.stores.push(store);
    const staff = Array.from({ length: 5 }, () => this.#person(store, 0, random.chance(0.9) ? store.countries[0] : random.pick(store.countries), { verified: random.chance(0.85) }));
    const daily = perDay * (0.4 + 1.2 * random.next());
    for (let day = 0; day < this.days; day++) {
      const visits = Math.floor(daily) + random.chance(daily % 1);
      for (let i = 0; i < visits; i++) this.visits.push({ at: day * DAY + this.#moment(store.zone), n: random.pick(staff).n });
    }
  }

  #moment(zone) {
    let left = this.random.next() * HOURS_SUM;
    const hour = HOURS.findIndex((weight) => (left -= weight) < 0);
    return ((hour - zone + 24) % 24) * 3600 + this.random.below(3600);
  }

  #person(store, attack, country, { verified = false, range, number } = {}) {
    const n = this.people.length;
    const stem = range ?? `${country}${String(this.random.below(2000)).padStart(6, '0')}`;
    const person = { n, attack, store: store.n, slug: store.slug, country, range: stem, number: number ?? `${stem}-${n}`, verified };
    this.people.push(person);
    return person;
  }

  // ------------------------------------------------------------------ attackers

  #attack(attack, day, name, plan) {
    const start = day * DAY + 8 * 3600;
    const made = plan.call(this, attack, start);
    this.attacks.push({ attack, name, start, end: Math.max(...made.map(({ at }) => at)) + 600, requests: made.length });
    this.requests.push(...made);
  }

  // The store that is attacked, and a country of its list that is not its own: that is where somebody earns money.
  #victim(attack) {
    let n = 60 + attack * 12;
    while (this.stores[n].status !== 'active') n++;
    const store = this.stores[n];
    return { store, country: store.countries[1] };
  }

  #address = (i) => `203.0.${113 + (i >> 16)}.${i & 0xffff}`;

  #flood(attack, start) {
    const { store, country } = this.#victim(attack);
    const users = Array.from({ length: 1000 }, () => this.#person(store, attack, country, { range: `${country}777000` }));
    const total = 100_000 * this.scale;
    return Array.from({ length: total }, (_, i) => ({ at: start + Math.floor((i * 10 * 3600) / total), n: users[i % users.length].n, address: this.#address(i) }));
  }

  #spread(attack, start) {
    const { store, country } = this.#victim(attack);
    const numbers = Math.max(1, Math.round(10 * this.scale));
    const users = Array.from({ length: 200 * numbers }, (_, i) => this.#person(store, attack, country, { range: `${country}78${String(i % 200).padStart(4, '0')}` }));
    return users.flatMap(({ n }, i) => [0, 1, 2, 3, 4].map((text) => ({ at: start + Math.floor((i * 8 * 3600) / users.length) + text * 330, n, address: this.#address(i) })));
  }

  #slow(attack, start) {
    const { store, country } = this.#victim(attack);
    const prefixes = Math.max(2, Math.round(20 * this.scale));
    return Array.from({ length: prefixes * 720 }, (_, i) => {
      const { n } = this.#person(store, attack, country, { range: `${country}79${String(i % prefixes).padStart(4, '0')}` });
      return { at: start + Math.floor(i / prefixes) * MINUTE + (i % prefixes), n, address: this.#address(i) };
    });
  }

  #answering(attack, start) {
    const { store, country } = this.#victim(attack);
    const users = Array.from({ length: 400 }, (_, i) => this.#person(store, attack, country, { range: `${country}80${String(i % 80).padStart(4, '0')}` }));
    const total = Math.round(8000 * this.scale);
    return Array.from({ length: total }, (_, i) => ({
      at: start + Math.floor((i * 20 * 3600) / total), n: users[i % users.length].n, address: this.#address(i), converts: this.random.chance(0.3),
    }));
  }

  #rotating(attack, start) {
    const { store, country } = this.#victim(attack);
    const users = Array.from({ length: 1000 }, (_, i) => this.#person(store, attack, country, { range: `${country}81${String(i % 100).padStart(4, '0')}` }));
    const total = Math.round(20_000 * this.scale);
    return Array.from({ length: total }, (_, i) => ({ at: start + Math.floor((i * 8 * 3600) / total), n: users[i % users.length].n, address: `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::/64` }));
  }

  // Whoever has the key launches as many people as he likes, each with a number, a prefix and an address of its own, in every country of the store.
  #hijacked(attack, start) {
    const { store } = this.#victim(attack);
    const total = Math.round(20_000 * this.scale);
    return Array.from({ length: total }, (_, i) => {
      const country = store.countries[i % 3];
      const { n } = this.#person(store, attack, country, { range: `${country}82${String(i).padStart(6, '0')}`, verified: i % 2 === 0 });
      return { at: start + Math.floor((i * 12 * 3600) / total), n, address: this.#address(i) };
    });
  }

  #farm(attack, start) {
    const made = [];
    const each = Math.max(6, Math.round(40 * this.scale));
    for (let i = 0; i < 500; i++) {
      const store = { n: this.stores.length, slug: `farm-${i}`, status: 'trial', countries: ['GB'], born: start - 3600 };
      this.stores.push(store);
      for (let text = 0; text < each; text++) {
        const { n } = this.#person(store, attack, 'GB', { range: `GB83${String((i * 31 + text * 7) % 3000).padStart(6, '0')}` });
        made.push({ at: start + Math.floor((text * 10 * 3600) / each) + i * 5, n, address: this.#address(i * 4 + (text & 3)) });
      }
    }
    return made;
  }
}
