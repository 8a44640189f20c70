// The database as its superuser sees it: to look at what was stored, and to move the times of rows instead of sleeping.
import pg from 'pg';

// Counts and keys are small here; bigint as a number reads better in assertions.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

// Bookkeeping that goes on by itself and changes nothing for anybody: times of last use, which even a refused request may touch, and what the timer
// sums up, chains and tells of its own accord.
const KEPT_COLUMNS = ['last_used_at', 'seen_at', 'used_at', 'counted', 'feedback'].map((name) => `- '${name}'`).join(' ');
const KEPT_TABLES = ['ranges', 'breakers', 'conversions', 'country_days', 'probes', 'roll_ups', 'usage', 'ledger', 'ledger_entries', 'ledger_heads', 'event_entries', 'event_lines', 'event_people', 'event_heads', 'anchors'];

export class Database {
  constructor(options) {
    this.pool = new pg.Pool({ user: 'postgres', max: 4, ...options });
    // A restart of Postgres ends idle connections: the pool makes new ones.
    this.pool.on('error', () => {});
  }

  async rows(sql, ...values) {
    return (await this.pool.query(sql, values)).rows;
  }

  async row(sql, ...values) {
    return (await this.rows(sql, ...values))[0];
  }

  // The first column of the first row.
  async value(sql, ...values) {
    return Object.values((await this.row(sql, ...values)) ?? { none: undefined })[0];
  }

  // How many rows each table holds, and a hash of what is in it, less the bookkeeping: equal before and after means that nothing changed.
  async fingerprint() {
    const tables = await this.rows(
      `select c.relname as name from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname <> all ($1) order by 1`, KEPT_TABLES);
    const prints = await Promise.all(tables.map(({ name }) => this.value(
      `select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '') from (select (to_jsonb(t) ${KEPT_COLUMNS})::text as r from app.${name} t) rows`)));
    // the audit trail, whether its events have their lines yet or not
    const events = await this.value(`select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '') from (select (to_jsonb(e) - 'line')::text as r from app.events e) rows`);
    return Object.fromEntries([['events', events], ...tables.map(({ name }, i) => [name, prints[i]])]);
  }

  // All rows of a store, less the bookkeeping, its events and what it keeps of requests.
  async rowsOf(slug) {
    const tables = await this.rows(
      `select table_name as name from information_schema.columns join pg_class c on c.relname = table_name and c.relnamespace = 'app'::regnamespace
        where table_schema = 'app' and column_name = 'tenant_id' and c.relkind = 'r' and table_name <> all ($1)`, [...KEPT_TABLES, 'events', 'idempotency']);
    const rows = {};
    for (const { name } of tables) {
      rows[name] = await this.rows(
        `select (to_jsonb(t) ${KEPT_COLUMNS})::text as row from app.${name} t where tenant_id = (select tenant_id from app.tenants where slug = $1) order by 1`, slug);
    }
    return rows;
  }

  async close() {
    await this.pool.end();
  }
}
