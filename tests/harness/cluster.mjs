// A private Postgres with the schema deployed once; every stack gets a copy of that database.
import fs from 'node:fs';
import os from 'node:os';
import { runToEnd, freePorts } from './process.mjs';
import { Database } from './database.mjs';
import { TESTS } from './paths.mjs';

const PREPARE = `${TESTS}/harness/prepare`;

// One cluster serves a whole suite: its first process starts it and tells the others where it is.
export async function useCluster() {
  const told = process.env.TILLGATE_TEST_CLUSTER;
  if (told) return new Cluster(JSON.parse(told), false);
  return startCluster();
}

export async function startCluster() {
  const run = fs.mkdtempSync(`${os.tmpdir()}/tillgate-tests-`);
  fs.chmodSync(run, 0o755);
  const [port] = await freePorts(1);
  const cluster = new Cluster({ run, port }, true);
  await runToEnd([PREPARE, 'cluster'], { env: cluster.env });
  return cluster;
}

export class Cluster {
  constructor({ run, port }, own) {
    this.run = run;
    this.port = port;
    this.own = own;
    this.env = { TILLGATE_RUN: run, TILLGATE_PG_PORT: String(port) };
  }

  get socket() {
    return fs.realpathSync(`${this.run}/pg/socket`);
  }

  conninfo(database, user) {
    return `host=${this.socket} port=${this.port} dbname=${database} user=${user}`;
  }

  database(name) {
    return new Database({ host: this.socket, port: this.port, database: name });
  }

  // A copy of the deployed schema. Copies are made one at a time: Postgres wants the template to itself.
  async copy(name) {
    const postgres = this.database('postgres');
    try {
      await postgres.rows(`select pg_advisory_lock(7469)`);
      await postgres.rows(`create database ${name} template tillgate`);
    } finally {
      await postgres.close();
    }
  }

  async drop(name) {
    const postgres = this.database('postgres');
    await postgres.rows(`drop database if exists ${name} with (force)`);
    await postgres.close();
  }

  restart(mode = 'immediate') {
    return runToEnd([PREPARE, 'restart', mode], { env: this.env });
  }

  async stop() {
    if (!this.own) return;
    this.own = false;
    await runToEnd([PREPARE, 'stop'], { env: this.env });
    const place = fs.realpathSync(`${this.run}/pg`);
    fs.rmSync(place, { recursive: true, force: true });
    fs.rmSync(this.run, { recursive: true, force: true });
  }
}
