// The measured database: seeded from people.mjs, reset between measurements, and asked by pgbench.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { output } from './machine.mjs';
import { platformKeyHash } from './requests.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

// One statement does what the server sends as a pair: the call is bound to enter's row, so that it runs after it.
const CALL = {
  read: ['launched', 'session_read', 'null::bytea'],
  start: ['launched', 'second_step_send_code', 'u.new_challenge, u.new_send, u.mac, u.code_sealed, 1, 1'],
  verify: ['launched', 'second_step_verify',
    'u.challenge_id, u.mac, null, null, null, true, u.new_session, u.new_token, null::uuid, null::bytea, \'Mozilla/5.0\''],
};

const statement = ([level, name, args]) => `
select coalesce(e.code, c.code), c.status, c.body from bench.users u,
  lateral api.enter_session(u.tenant_id, u.user_id, u.token_hash, u.slug, '${level}', u.new_send, u.address) e,
  lateral api.${name}(${args.replace(/[^,]+$/, (last) => `case when e.code is null then ${last.trim()} end`)}) c
where u.n = `;

export class Database {
  constructor({ socket, port, database = 'tillgate', pgbench, dir, people, chosen }) {
    Object.assign(this, { socket, port, database, pgbench, dir, people, chosen });
  }

  async open() {
    this.client = new pg.Client({ host: this.socket, port: this.port, user: 'postgres', database: this.database });
    await this.client.connect();
    this.pid = Number(readFileSync(`${this.socket}/.s.PGSQL.${this.port}.lock`, 'latin1').split('\n')[0]);
  }

  close = () => this.client?.end();
  query = async (text, values) => (await this.client.query(text, values)).rows;
  #arguments = () => ['-h', this.socket, '-p', String(this.port), '-U', 'postgres', '-d', this.database, '-q', '-v', 'ON_ERROR_STOP=1'];

  // A copy of this database with a file of SQL applied to it. Nobody may be connected to the original meanwhile.
  async copy(name, file) {
    await this.close();
    const twin = new Database({ ...this, database: name });
    await output('psql', [...this.#arguments().map((word) => (word === this.database ? 'postgres' : word)), '-c', `drop database if exists ${name}`, '-c', `create database ${name} template ${this.database}`]);
    await this.open();
    await output('psql', [...twin.#arguments(), '-f', here(file)]);
    await twin.open();
    return twin;
  }

  async seed() {
    await output('psql', [...this.#arguments(), '-f', here('bench.sql')]);
    await this.#copy('bench.users', this.people.users, (i) => this.people.row(i + 1));
    await this.#copy('bench.chosen', this.chosen.length, (i) => [i + 1, this.chosen[i]]);
    await this.query('alter table bench.users add primary key (n)');
    await this.query('insert into app.platform_keys (key_id, key_hash, name, mode, prefix) values (gen_random_uuid(), $1, $2, $3, $4)',
      [platformKeyHash(), 'load', 'live', 'tgp_live_aaaaaa']);
    await this.query('grant usage on schema bench to tillgate_server; grant select on all tables in schema bench to tillgate_server');
    await output('psql', [...this.#arguments(), '-f', here('seed.sql')]);
  }

  script = (name) => output('psql', [...this.#arguments(), '-f', here(name)]);

  async #copy(table, count, row) {
    const psql = spawn('psql', [...this.#arguments(), '-c', `copy ${table} from stdin`], { stdio: ['pipe', 'inherit', 'inherit'] });
    const ended = once(psql, 'exit');
    for (let i = 0; i < count; i++) {
      const line = row(i).map((value) => (Buffer.isBuffer(value) ? this.#bytes(value) : value)).join('\t');
      if (!psql.stdin.write(`${line}\n`)) await once(psql.stdin, 'drain');
    }
    psql.stdin.end();
    const [code] = await ended;
    if (code) throw new Error(`copy into ${table} failed`);
  }

  // 16 bytes are a uuid, which takes plain hex; everything else is a bytea.
  #bytes = (value) => (value.length === 16 ? value.toString('hex') : `\\\\x${value.toString('hex')}`);

  // The chosen users as before their first request; statistics fresh, so that no plan is made for an empty table.
  async reset({ state = 'launched', challenge = false } = {}) {
    await this.query(`call bench.reset('${state}', ${challenge})`);
    await this.query('vacuum (analyze) app.sessions, app.challenges, app.sends, app.velocity, app.users, app.event_entries, app.event_lines');
  }

  // pgbench's calls per second. Reads draw any user, writes take each chosen user once.
  async ceiling(kind, clients, { seconds = 2, count } = {}) {
    const script = `${this.dir}/${kind}.pgbench`;
    const share = Math.max(1, Math.floor((count ?? 0) / clients));
    const pick = count
      ? `\\set i :i + 1\n\\set k :client_id * ${share} + :i\n${statement(CALL[kind])} (select n from bench.chosen where k = :k);\n`
      : `\\set n random(1, ${this.people.users})\n${statement(CALL[kind])} :n;\n`;
    writeFileSync(script, pick);
    const length = count ? ['-t', String(share)] : ['-T', String(seconds)];
    const text = await output(this.pgbench, ['-h', this.socket, '-p', String(this.port), '-U', 'tillgate_server', '-n', '-M', 'prepared', '-D', 'i=0',
      '-c', String(clients), '-j', String(Math.min(clients, 2)), '-f', script, ...length, this.database]);
    return Number(/^tps = ([\d.]+)/m.exec(text)[1]);
  }
}
