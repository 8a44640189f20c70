// Programs that a measurement starts, and what they cost: CPU and memory from /proc. Everything started here is ended here, by pid.
import { spawn, execFile } from 'node:child_process';
import { openSync, readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const running = new Set();
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Starts a program whose output goes to a file. `child.gone` is true once it has ended.
export function start(command, args, logFile, options = {}) {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { ...options, stdio: [options.input ? 'pipe' : 'ignore', options.output ? 'pipe' : log, log] });
  running.add(child);
  child.on('error', () => {});
  child.on('exit', () => {
    child.gone = true;
    running.delete(child);
  });
  return child;
}

export async function stop(child) {
  if (!child || child.gone) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}

export async function stopAll() {
  await Promise.all([...running].map(stop));
}

export async function output(command, args, options = {}) {
  const { stdout } = await execute(command, args, { maxBuffer: 1 << 28, ...options });
  return stdout;
}

export async function waitPort(port, child, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(5)) {
    if (child?.gone) throw new Error(`the program on port ${port} ended before it listened`);
    if (await accepts(port)) return;
  }
  throw new Error(`nothing listens on port ${port}`);
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

export async function freePorts(count, from = 21000 + (process.pid % 400) * 20) {
  const free = [];
  for (let port = from; free.length < count; port++) if (!(await accepts(port))) free.push(port);
  return free;
}

// ---- what it costs

// Fields of /proc/PID/stat behind the name, which may hold spaces: [0] state, [1] parent, [11…14] utime stime cutime cstime.
const stat = (pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');

export function family(pid) {
  const children = new Map();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = quietly(() => Number(stat(entry)[1]));
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const all = [pid];
  for (const member of all) all.push(...(children.get(member) ?? []));
  return all;
}

// CPU microseconds of a process, of its living descendants to the nanosecond, and of those that have ended to the tick.
export function cpu(pid) {
  return family(pid).reduce((sum, member) => sum + (quietly(() => lived(member) + buried(member)) ?? 0), 0);
}

const lived = (pid) =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1000)
    .reduce((a, b) => a + b, 0);

const TICK = 10_000; // USER_HZ is 100 on Linux
const buried = (pid) => (Number(stat(pid)[13]) + Number(stat(pid)[14])) * TICK;

// Megabytes: pages that processes share are counted once (proportional set size).
export function memory(pid) {
  const kilobytes = (member) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
  return family(pid).reduce((sum, member) => sum + (quietly(() => kilobytes(member)) ?? 0), 0) / 1024;
}

function quietly(read) {
  try {
    return read();
  } catch {
    return undefined; // it ended while we looked
  }
}
