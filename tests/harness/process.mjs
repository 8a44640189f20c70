// Programs that a test starts: each with its own log file, ended by its own pid, gone when the test process dies.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export class Program {
  constructor(name, child, logFile) {
    this.name = name;
    this.pid = child.pid;
    this.logFile = logFile;
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    this.ended.then((end) => (this.end = end));
  }

  get running() {
    return this.end === undefined;
  }

  log() {
    return fs.readFileSync(this.logFile, 'utf8');
  }

  signal(name) {
    if (this.running) process.kill(this.pid, name);
  }

  // Stops it kindly and answers how it ended; what does not stop is killed, and says so.
  async stop(patience = 30_000) {
    this.signal('SIGTERM');
    const end = await Promise.race([this.ended, sleep(patience, undefined, { ref: false })]);
    if (end) return end;
    this.signal('SIGKILL');
    await this.ended;
    return { code: null, signal: 'SIGKILL', late: true };
  }

  async kill() {
    this.signal('SIGKILL');
    return this.ended;
  }
}

// setpriv execs the program in place, so the pid is the program's; it gets SIGTERM should this process die first.
export function start(name, command, { log, env = {}, cwd } = {}) {
  const out = fs.openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...env },
    cwd,
  });
  fs.closeSync(out);
  return new Program(name, child, log);
}

// Runs a program to its end; throws with its output when it fails.
export function runToEnd(command, { env = {}, cwd, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { env: { ...process.env, ...env }, cwd });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (err += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve({ out, err });
      else reject(Object.assign(new Error(`${command.join(' ')} ended with ${code}:\n${out}${err}`), { code, out, err }));
    });
    child.stdin.end(input);
  });
}

// Tries until `attempt` answers something true; the one place where tests wait. Never a measure of speed: the patience is
// that of a machine under load.
export async function until(what, attempt, { patience = 60_000, pause = 25 } = {}) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const value = await attempt();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ''}`, { cause: last });
    await sleep(pause);
  }
}

// Ports that nobody listens on. All are held until all are found, so that they differ.
export async function freePorts(count) {
  const holders = await Promise.all(
    Array.from({ length: count }, () => new Promise((resolve, reject) => {
      const server = net.createServer().once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = holders.map((server) => server.address().port);
  await Promise.all(holders.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export function portOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
