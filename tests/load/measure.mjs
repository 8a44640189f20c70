// Runs the sections and prints what they found. Started by tests/load/run, which has built everything and started Postgres.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Bench } from './bench.mjs';
import { printGoals, printTable, printThroughput } from './figures.mjs';
import { stopAll } from './machine.mjs';
import { SECTIONS } from './sections.mjs';

const options = readOptions(process.argv.slice(2));
const started = Date.now();
let bench;
let failure;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => finish(130));
try {
  bench = new Bench(options);
  await bench.open();
  for (const name of options.sections) await section(name);
} catch (error) {
  failure = error;
}
await finish(report());

function readOptions(words) {
  const quick = words.includes('--quick');
  const value = (name, otherwise) => (words.includes(name) ? Number(words[words.indexOf(name) + 1]) : otherwise);
  const named = words.filter((word, i) => !word.startsWith('--') && !['--users', '--rounds'].includes(words[i - 1]));
  const unknown = named.filter((name) => !SECTIONS[name]);
  if (unknown.length) throw new Error(`no such section: ${unknown}; there are ${Object.keys(SECTIONS)}`);
  const sections = Object.keys(SECTIONS).filter((name) => (named.length ? named.includes(name) : name !== 'growth'));
  return { quick, sections, users: value('--users', 20_000), rounds: value('--rounds', quick ? 2 : 5) };
}

async function section(name) {
  const began = Date.now();
  process.stderr.write(`… ${name}`);
  await SECTIONS[name](bench);
  process.stderr.write(`\r✓ ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
}

function report() {
  const cpu = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1];
  console.log(`\n${options.users.toLocaleString('en')} users, ${availableParallelism()} cores (${cpu}), load when begun ${bench?.load}, ` +
    `${options.rounds} rounds, ${((Date.now() - started) / 1000).toFixed(0)} s, ${execFileSync('date', ['-u', '+%F %H:%M UTC']).toString().trim()}\n`);
  if (!bench) return fail();
  if (bench.rows.length) printThroughput(bench.rows);
  console.log('');
  if (bench.memory.length) printTable(['memory, MB', '', ''], bench.memory);
  console.log('');
  if (bench.lists.length) printTable(['list, 50 of', 'rows', 'first: p50 ms', 'p99 ms', 'deep: p50 ms', 'p99 ms', 'deep / first'], bench.lists);
  console.log('');
  printGoals(bench.figures, options.sections);
  for (const note of bench.notes) console.log(`\n${note}`);
  return fail();
}

function fail() {
  if (failure) console.error(`\n✗ ${failure.stack}`);
  if (bench?.failed) console.error(`\n✗ ${bench.failed} requests failed, see above`);
  return failure || bench?.failed ? 1 : 0;
}

async function finish(code) {
  await bench?.close();
  await stopAll();
  process.exit(code);
}
