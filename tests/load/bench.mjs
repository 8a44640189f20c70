// What every section works with: the server, the database, the driver, and where results go.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Database } from './database.mjs';
import { cpu, output, sleep, start, stop, waitPort } from './machine.mjs';
import { People, sample } from './people.mjs';
import { Requests } from './requests.mjs';

const CHOSEN = 20_000; // users that writes are measured with

export class Bench {
  rows = [];
  memory = [];
  lists = [];
  notes = [];
  figures = {};
  failed = 0;
  load = loadavg()[0].toFixed(1);

  constructor({ quick, users, rounds }) {
    const { LOAD_RUN: dir, LOAD_SOCKET: socket, LOAD_PGBENCH: pgbench, LOAD_BINARY: binary } = process.env;
    const ports = { server: 'TILLGATE_PORT', ops: 'TILLGATE_OPS_PORT', edge: 'TILLGATE_HTTP_PORT', pg: 'TILLGATE_PG_PORT',
      provider: 'TILLGATE_TWILIO_TLS_PORT', bare: 'TILLGATE_STORE_PORT', node: 'TILLGATE_PHONE_PORT' };
    this.port = Object.fromEntries(Object.entries(ports).map(([name, variable]) => [name, Number(process.env[variable])]));
    this.rootKey = readFileSync(`${dir}/keys/root.keys`, 'latin1').split(/\s/)[1];
    Object.assign(this, { dir, socket, pgbench, binary, quick, users, rounds });
  }

  async open(users = this.users) {
    this.people = new People(Buffer.from(this.rootKey, 'hex'), users);
    this.chosen = sample(users, CHOSEN);
    this.requests = new Requests(this.people, this.dir, this.port.edge);
    this.database = new Database({ socket: this.socket, port: this.port.pg, pgbench: this.pgbench, dir: this.dir, people: this.people, chosen: this.chosen });
    await this.database.open();
    await this.database.seed();
  }

  close = () => this.database?.close();

  // ---- programs

  async startServer(config = 'quiet') {
    // In the quiet configuration one text is under way for the whole measurement.
    await this.startProvider(config === 'quiet' ? 4000 : 50);
    this.server = start(this.binary, ['serve', `${this.dir}/${config}.conf`], `${this.dir}/server.log`);
    await waitPort(this.port.ops, this.server);
    while (!(await this.ready())) await sleep(5);
  }

  ready = () => fetch(`http://127.0.0.1:${this.port.ops}/readyz`).then((answer) => answer.ok, () => false);

  async stopServer() {
    await stop(this.server);
    await stop(this.provider);
  }

  async startProvider(milliseconds) {
    this.provider = start(`${this.dir}/provider`, [String(this.port.provider), String(milliseconds), `${this.dir}/provider.log`,
      `${this.dir}/tls/leaf.pem`, `${this.dir}/tls/leaf.key`], `${this.dir}/provider.err`);
    await waitPort(this.port.provider, this.provider);
  }

  async startNode() {
    const script = fileURLToPath(new URL('node_pg.mjs', import.meta.url));
    this.node = start(process.execPath, [script, String(this.port.node), this.socket, String(this.port.pg), this.rootKey], `${this.dir}/node.log`);
    await waitPort(this.port.node, this.node);
    await sleep(300); // the second worker
  }

  // ---- measuring

  // Drives a port with the requests of a file. Returns what the driver saw and the CPU microseconds per request of `program`
  // and of Postgres. Failed requests are counted for the exit code.
  async drive(port, file, options = {}, program = this.server) {
    const before = this.#spent(program);
    const child = output(`${this.dir}/drive`, [String(port), file, ...Object.entries({ connections: 64, ...options }).map(([k, v]) => `${k}=${v}`)]);
    const seen = JSON.parse(await child);
    const after = this.#spent(program);
    seen.failed = seen.answered - seen.good + seen.broken;
    seen.server = (after.program - before.program) / seen.answered;
    seen.postgres = (after.postgres - before.postgres) / seen.answered;
    this.failed += seen.failed;
    if (seen.failed) this.notes.push(`${file.split('/').at(-1)}: ${seen.broken} broken, answers ${JSON.stringify(seen.statuses)} ${seen.odd}`);
    return seen;
  }

  #spent = (program) => ({ program: program?.pid ? cpu(program.pid) : 0, postgres: cpu(this.database.pid) });

  // The JSON that the server answers one request with, which must be good.
  async ask(request) {
    const text = await whole(this.port.server, request);
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(`${request.split('\r\n')[0]}: ${text.slice(0, 600)}`);
    return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
  }

  // Milliseconds until `file`'s first request is answered 200 by the server's port; tries again while it does not listen.
  async firstAnswer(request) {
    const began = performance.now();
    for (;;) {
      if (await ask(this.port.server, request)) return performance.now() - began;
      await sleep(1);
    }
  }
}

const ask = (port, request) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (data) => {
      resolve(data.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });

// The whole answer as text; its length is told in bytes.
const whole = (port, request) =>
  new Promise((resolve, reject) => {
    const chunks = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('error', reject);
    socket.on('data', (data) => {
      chunks.push(data);
      const all = Buffer.concat(chunks);
      const head = all.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(all.subarray(0, Math.max(head, 0)).toString('latin1'))?.[1];
      if (length === undefined || all.length < head + 4 + Number(length)) return;
      socket.destroy();
      resolve(all.toString('utf8'));
    });
  });
