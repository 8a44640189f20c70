// How long every list takes at 10,000 stores and 100,000 users: its first page, and one as deep as it goes.
import { readFileSync } from 'node:fs';
import { median } from './figures.mjs';
import { typeid } from './people.mjs';

const USERS = 100_000;
const PAGE = 50;

// [operation, path within the store or of the platform, filters]. The same list with another filter is another plan.
const LISTS = [
  ['tenant_list', '/v1/tenants'],
  ['tenant_list', '/v1/tenants', 'status=active'],
  ['purge_list', '/v1/purges'],
  ['user_list', '/v1/tenants/{tenant}/users'],
  ['user_list', '/v1/tenants/{tenant}/users', 'q=carla'],
  ['user_list', '/v1/tenants/{tenant}/users', 'state=removed'],
  ['key_list', '/v1/tenants/{tenant}/keys'],
  ['launch_key_list', '/v1/tenants/{tenant}/launch-keys'],
  ['ledger_list', '/v1/tenants/{tenant}/ledger'],
  ['event_list', '/v1/tenants/{tenant}/events'],
  ['event_list', '/v1/tenants/{tenant}/events', 'kind=user_locked'],
  ['event_list', '/v1/tenants/{tenant}/events', 'user={user}'],
  ['event_list', '/v1/tenants/{tenant}/events', 'q=signed'],
  ['webhook_list', '/v1/webhooks'],
  ['delivery_list', '/v1/webhooks/{webhook}/deliveries'],
  ['delivery_list', '/v1/webhooks/{webhook}/deliveries', 'state=failed'],
  ['delivery_list', '/v1/webhooks/{webhook}/deliveries', 'tenant={tenant}'],
  ['delivery_list', '/v1/webhooks/{webhook}/deliveries', 'tenant={tenant}&state=failed'],
  ['activity_list', '/api/activity'],
  ['activity_list', '/api/activity', 'q=ann'],
  ['team_list', '/api/users'],
  ['team_list', '/api/users', 'q=ben'],
];

export async function lists(bench, turns) {
  everyListIsHere();
  await bench.close();
  await bench.open(USERS);
  await bench.database.script('lists.sql');
  await bench.startServer();
  const [{ webhook }] = await bench.database.query("select app.typeid('webhook', webhook_id) as webhook from app.deliveries limit 1");
  const asker = new Asker(bench, webhook);
  const slowest = [];
  for (const [name, path, filter = ''] of LISTS) {
    const { cursor, rows } = await asker.walk(path, filter);
    const files = [undefined, cursor].map((at, i) => bench.requests.text(`list-${i}`, asker.request(path, filter, PAGE, at)));
    const drive = (file) => bench.drive(bench.port.server, file, { connections: 1, seconds: bench.quick ? 1 : 2 });
    const rounds = await turns(bench, async () => ({ first: await drive(files[0]), deep: await drive(files[1]) }));
    const of = (side, key) => median(rounds.map((round) => round[side][key])) / 1000;
    const row = { first: of('first', 'p50'), first99: of('first', 'p99'), deep: of('deep', 'p50'), deep99: of('deep', 'p99') };
    bench.lists.push([`${name}${filter && ` ?${filter}`}`, rows.toLocaleString('en'), ...['first', 'first99', 'deep', 'deep99'].map((key) => row[key].toFixed(2)), (row.deep / row.first).toFixed(2)]);
    slowest.push({ p99: Math.max(row.first99, row.deep99), ratio: row.deep / row.first });
  }
  await bench.stopServer();
  bench.figures.lists = { p99: Math.max(...slowest.map(({ p99 }) => p99)), deep: Math.max(...slowest.map(({ ratio }) => ratio)) };
}

// A list that somebody adds to the API is measured, too: each takes `limit`.
function everyListIsHere() {
  const text = readFileSync(new URL('../../tenants/openapi.yaml', import.meta.url), 'utf8');
  const all = text.split(/operationId: /).slice(1).filter((part) => part.includes("'#/components/parameters/Limit'")).map((part) => part.match(/^\w+/)[0]);
  const missing = all.filter((name) => !LISTS.some(([measured]) => measured === name));
  if (missing.length) throw new Error(`lists that are not measured: ${missing}`);
}

// Asks as the platform, or as the owner of the large store.
class Asker {
  constructor(bench, webhook) {
    this.bench = bench;
    this.owner = bench.people.user(1);
    this.names = { tenant: typeid('tenant', this.owner.tenant), user: typeid('user', this.owner.user), webhook };
  }

  request(path, filter, limit, cursor) {
    const query = [filter, `limit=${limit}`, cursor && `cursor=${cursor}`].filter(Boolean).join('&');
    return this.bench.requests.list(this.owner, `${path}?${query}`.replace(/\{(\w+)\}/g, (_, name) => this.names[name]));
  }

  // To the end in large pages: how many rows there are, and the cursor of a page as deep as there is a whole one.
  async walk(path, filter) {
    let [rows, cursor, deep] = [0, undefined, undefined];
    do {
      const { items, next_cursor: next } = await this.bench.ask(this.request(path, filter, 200, cursor));
      if (items.length === 200) deep = cursor;
      rows += items.length;
      cursor = next;
    } while (cursor);
    return { rows, cursor: deep };
  }
}
