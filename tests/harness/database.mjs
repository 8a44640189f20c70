// The database as its superuser sees it: to look at what was stored, and to move the times of rows instead of sleeping.
import pg from 'pg';

// Counts and keys are small here; bigint as a number reads better in assertions.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

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

  // How many rows each table holds, and a hash of what is in it: equal before and after means that nothing changed. Left out is
  // bookkeeping: times of last use, which even a refused request may touch, and what the timer sums up of its own accord.
  async fingerprint() {
    const tables = await this.rows(`select c.relname as name from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and c.relname <> all ('{ranges,breakers,conversions,country_days,probes,roll_ups,usage,ledger,ledger_entries,ledger_heads}') order by 1`);
    const prints = await Promise.all(tables.map(({ name }) => this.value(
      `select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '') from (
         select (to_jsonb(t) - 'last_used_at' - 'seen_at' - 'used_at' - 'counted')::text as r from app.${name} t) rows`)));
    return Object.fromEntries(tables.map(({ name }, i) => [name, prints[i]]));
  }

  async close() {
    await this.pool.end();
  }
}
