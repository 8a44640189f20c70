// Everything a suite talks to: server (sanitizer build), its database, the sandbox's Twilio, and, when asked for, the edge and
// the two Prism proxies.
//
//   test ──► [Prism, tenants/openapi.yaml] ──► [relay] ──► server ──► TLS front ──► [Prism, Twilio's specification] ──► sandbox
//
// Prism rewrites Host and joins repeated headers; the relay gives the server the Host that the test wanted and keeps the answer as
// it came. The server speaks to Twilio by https only and Prism has no TLS, hence the front. Without Prism for Twilio
// (stories: Prism cannot pass on a dropped connection) the server uses the sandbox's own https port.
import fs from 'node:fs';
import http from 'node:http';
import { start, runToEnd, freePorts, until, portOpen } from './process.mjs';
import { send } from './http.mjs';
import { Cluster, startCluster, useCluster } from './cluster.mjs';
import { startRelay, startTlsFront } from './relays.mjs';
import { ROOT, TESTS, npmBin } from './paths.mjs';
import { endOf } from './ending.mjs';
import { Sandbox } from './sandbox.mjs';

const PREPARE = `${TESTS}/harness/prepare`;
export const BINARY = process.env.TILLGATE_BIN ?? `${ROOT}/.run/test/build/tillgate`;
export const TWILIO_SPEC = `${TESTS}/node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json`;
const SANITIZERS = {
  ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:abort_on_error=0:halt_on_error=1:detect_stack_use_after_return=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=98',
};
const PORTS = ['HTTP', 'HTTPS', 'SERVER', 'OPS', 'STORE', 'TWILIO', 'TWILIO_TLS', 'PHONE', 'FRONT', 'TWILIO_PRISM', 'PRISM', 'RELAY', 'APPLICATION', 'WEBHOOK', 'SMTP'];
// The sanitizer's library must be the first one of a program.
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const CLOCK_LIBRARIES = `/lib/${MACHINE}-linux-gnu/libasan.so.8 /usr/lib/${MACHINE}-linux-gnu/faketime/libfaketime.so.1`;

// The stack of this suite when its runner has started one, else one of our own.
export async function useStack(options) {
  const told = process.env.TILLGATE_TEST_STACK;
  if (!told) return startStack(options);
  const { cluster, ...rest } = JSON.parse(told);
  return new Stack({ ...rest, cluster: new Cluster(cluster, false) });
}

let copies = 0;

// edge, stores, prism, twilioPrism: what stands around the server; the demo stores need the edge. config: lines that replace those of the configuration file.
// ownCluster: a Postgres of its own, for a story that stops it.
export async function startStack({ edge = false, stores = false, prism = false, twilioPrism = false, workers = 2, config = [], ownCluster = false } = {}) {
  const cluster = await (ownCluster ? startCluster() : useCluster());
  const name = `t${process.pid}_${++copies}`;
  const run = `${cluster.run}/${name}`;
  const numbers = await freePorts(PORTS.length);
  const ports = Object.fromEntries(PORTS.map((port, i) => [port.toLowerCase(), numbers[i]]));
  const stack = new Stack({ run, name, ports, edge, stores, prism, twilioPrism, cluster, workers, config });
  try {
    await stack.begin();
  } catch (error) {
    await stack.abandon();
    throw error;
  }
  return stack;
}

export class Stack {
  constructor(told) {
    Object.assign(this, told);
    this.db = this.cluster.database(this.name);
    this.sandbox = new Sandbox(this);
    this.programs = [];
    this.closers = [];
  }

  // What another process needs in order to use this stack.
  get told() {
    const { run, name, ports, edge, stores, prism, twilioPrism, cluster, platformKey } = this;
    return JSON.stringify({ run, name, ports, edge, stores, prism, twilioPrism, platformKey, cluster: { run: cluster.run, port: cluster.port } });
  }

  // The port in every origin: the edge's when there is one.
  get frontPort() {
    return this.edge ? this.ports.http : this.ports.server;
  }

  hosts(slug = 'unknown') {
    return {
      api: `api.tillgate.localhost:${this.frontPort}`,
      hooks: `hooks.tillgate.localhost:${this.frontPort}`,
      panel: `${slug}.panel.localhost:${this.frontPort}`,
    };
  }

  get env() {
    const p = this.ports;
    return {
      TILLGATE_RUN: this.run,
      TILLGATE_HTTP_PORT: p.http, TILLGATE_HTTPS_PORT: p.https, TILLGATE_PORT: p.server, TILLGATE_OPS_PORT: p.ops,
      TILLGATE_STORE_PORT: p.store, TILLGATE_TWILIO_PORT: p.twilio, TILLGATE_TWILIO_TLS_PORT: p.twilio_tls,
      TILLGATE_PHONE_PORT: p.phone, TILLGATE_APPLICATION_PORT: p.application, TILLGATE_WEBHOOK_PORT: p.webhook, TILLGATE_SMTP_PORT: p.smtp, TILLGATE_PG_PORT: this.cluster.port,
    };
  }

  // ------------------------------------------------------------------ beginning

  async begin() {
    fs.mkdirSync(`${this.run}/log`, { recursive: true });
    fs.symlinkSync(`${this.cluster.run}/pg`, `${this.run}/pg`);
    await this.cluster.copy(this.name);
    await this.writeConfig();
    await this.startSandbox();
    await Promise.all([this.startTwilioPrism(), this.startPrism(), this.startEdge(), this.startServer()]);
    this.platformKey = (await this.tillgate('platform-key', 'create', '--name', 'tests', this.configFile)).out.trim();
    this.secret(this.platformKey);
    if (this.stores) await this.openStores();
  }

  // The demo stores, registered as ops/run does it.
  async openStores() {
    fs.writeFileSync(`${this.run}/keys/platform.key`, this.platformKey, { mode: 0o600 });
    await runToEnd([process.execPath, `${ROOT}/ops/lib/demo.mjs`, `http://${this.hosts().api}`, `${this.run}/keys`, String(this.ports.store)]);
  }

  get configFile() {
    return `${this.run}/tillgate.conf`;
  }

  async writeConfig(extra = []) {
    const origin = (host) => `http://${host}:${this.frontPort}`;
    const lines = [
      ...extra,
      ...(this.config ?? []),
      `workers = ${this.workers}`,
      `database = ${this.cluster.conninfo(this.name, 'tillgate_server')}`,
      `operator_database = ${this.cluster.conninfo(this.name, 'tillgate_operator')}`,
      `api_origin = ${origin('api.tillgate.localhost')}`,
      `hooks_origin = ${origin('hooks.tillgate.localhost')}`,
      `panel_origins = ${origin('{slug}.panel.localhost')} https://{slug}.panel.localhost:${this.ports.https}`,
      `web_root = ${fs.existsSync(`${ROOT}/web/dist`) ? `${ROOT}/web/dist` : `${TESTS}/harness/web`}`,
      `docs_root = ${fs.existsSync(`${ROOT}/web/docs/dist`) ? `${ROOT}/web/docs/dist` : ''}`,
      ...(this.twilioPrism ? [`twilio_url = https://127.0.0.1:${this.ports.front}`] : []),
    ];
    await runToEnd([PREPARE, 'config', ...lines], { env: this.env });
  }

  async startSandbox() {
    this.sandboxProgram = this.start('sandbox', this.sandbox.command());
    await until('the sandbox', () => portOpen(this.ports.twilio));
  }

  // clock: a file that says how far the server's clock is off, "+5"; it is looked at each time.
  async startServer({ clock } = {}) {
    const faked = clock ? ['env', `LD_PRELOAD=${CLOCK_LIBRARIES}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'FAKETIME_DISABLE_SHM=1'] : [];
    this.server = this.start('server', [...faked, BINARY, 'serve', this.configFile], { env: SANITIZERS, log: 'server' });
    await this.untilReady();
    return this.server;
  }

  async untilReady() {
    await until('the server', async () => {
      if (!this.server.running) throw new Error(`the server ended: ${this.server.log().slice(-2000)}`);
      return (await send({ port: this.ports.ops, host: 'localhost', path: '/readyz', fresh: true })).status === 200;
    });
  }

  async startPrism() {
    if (!this.prism) return;
    this.closers.push(await startRelay(this.ports.relay, this.ports.server));
    await this.prismProxy('prism', this.ports.prism, `${ROOT}/tenants/openapi.yaml`, this.ports.relay, ['--validate-request=false']);
  }

  async startTwilioPrism() {
    if (!this.twilioPrism) return;
    this.closers.push(await startTlsFront(this.ports.front, `${this.run}/tls`, this.ports.twilio_prism));
    await this.prismProxy('twilio-prism', this.ports.twilio_prism, TWILIO_SPEC, this.ports.twilio, []);
  }

  async prismProxy(name, port, spec, upstream, options) {
    this.start(name, [npmBin('prism'), 'proxy', '--errors', '--cors=false', '--verboseLevel=error', ...options,
      '--port', String(port), spec, `http://127.0.0.1:${upstream}`]);
    await until(name, () => portOpen(port), { patience: 120_000 });
  }

  async startEdge() {
    if (!this.edge) return;
    const { out } = await runToEnd([PREPARE, 'edge'], { env: { ...this.env, EDGE_CONNECTIONS_PER_ADDRESS: '1000' } });
    this.edgeProgram = this.start('edge', out.trim().split('\n'));
    await until('the edge', () => portOpen(this.ports.http));
  }

  start(name, command, { env = {}, log = name } = {}) {
    const program = start(name, command, { log: `${this.run}/log/${log}.log`, env: { ...this.env, ...env } });
    this.programs.push(program);
    return program;
  }

  // A subcommand of the binary.
  tillgate(...words) {
    return runToEnd([BINARY, ...words], { env: SANITIZERS });
  }

  // ------------------------------------------------------------------ what a story does to it

  async stopServer() {
    return this.server.stop();
  }

  // The whole server at once, as a power cut would: the master first, so that it starts no worker again.
  async killServer() {
    const workers = await this.workerPids();
    this.server.signal('SIGKILL');
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await this.server.ended;
    await until('the port to be free', async () => !(await portOpen(this.ports.server)));
  }

  async workerPids() {
    const { out } = await runToEnd(['ps', '-o', 'pid=', '--ppid', String(this.server.pid)]).catch(() => ({ out: '' }));
    return out.split('\n').map(Number).filter(Boolean);
  }

  async metric(name) {
    const { text } = await send({ port: this.ports.ops, host: 'localhost', path: '/metrics', fresh: true });
    const line = text.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  }

  // ------------------------------------------------------------------ secrets that no log may hold

  // Remembers a secret of this run; the end of the suite looks for it in every log.
  secret(text) {
    fs.appendFileSync(`${this.run}/secrets`, `${text}\n`);
    return text;
  }

  serverLog() {
    return fs.readFileSync(`${this.run}/log/server.log`, 'utf8');
  }

  // ------------------------------------------------------------------ the end

  // Only for who started it. Answers what is wrong, one sentence each.
  async finish() {
    const faults = await endOf(this);
    await this.abandon();
    return faults;
  }

  async abandon() {
    for (const program of this.programs.reverse()) await program.stop();
    for (const close of this.closers) await close();
    await this.db.close();
    await this.cluster.stop();
  }
}
