// Runs one suite: node tests/harness/run.mjs NAME [FILE…]
//
// Starts what its files share, runs them with Node's test runner, then judges the end (ending.mjs). Prints every failure whole and
// one closing line "NAME: N passed, N failed". Ends with 1 when something failed or nothing ran.
import fs from 'node:fs';
import { run } from 'node:test';
import { startCluster } from './cluster.mjs';
import { startStack } from './stack.mjs';
import { endOf } from './ending.mjs';
import { checkInvariants } from './invariants.mjs';
import { TESTS } from './paths.mjs';

// shared: one stack for all files. Otherwise each file starts its own on the shared cluster, if there is to be one.
const SUITES = {
  contract: { cluster: false, concurrency: 2 },
  api: { shared: { prism: true, twilioPrism: true }, concurrency: 2 },
  attacks: { shared: { edge: true }, concurrency: 1 },
  stories: { concurrency: 2 },
  sandbox: { cluster: false, concurrency: 2 },
  fraud: { concurrency: 1, ending: '.mjs' },
  browser: { shared: { edge: true, stores: true }, concurrency: 2 },
};

const [name, ...chosen] = process.argv.slice(2);
const settings = SUITES[name];
if (!settings) throw new Error(`unknown suite ${name}; there are ${Object.keys(SUITES).join(', ')}`);

const counts = { passed: 0, failed: 0 };
let cluster;
let stack;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => close().then(() => process.exit(130)));
try {
  if (settings.cluster !== false) {
    cluster = await startCluster();
    process.env.TILLGATE_TEST_CLUSTER = JSON.stringify({ run: cluster.run, port: cluster.port });
  }
  if (settings.shared) {
    stack = await startStack(settings.shared);
    process.env.TILLGATE_TEST_STACK = stack.told;
  }
  await runFiles();
  if (stack) await judge();
} finally {
  await close();
}
if (counts.passed === 0) console.log(`${name}: not one test ran`);
console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function close() {
  await stack?.abandon();
  await cluster?.stop();
}

function files() {
  if (chosen.length > 0) return chosen.map((file) => fs.realpathSync(file));
  return fs.readdirSync(`${TESTS}/${name}`).filter((file) => file.endsWith(settings.ending ?? '.test.mjs'))
    .sort().map((file) => `${TESTS}/${name}/${file}`);
}

async function runFiles() {
  const stream = run({ files: files(), concurrency: settings.concurrency, timeout: process.env.TILLGATE_FULL === '1' ? 3_600_000 : 900_000 });
  for await (const { type, data } of stream) {
    if (type === 'test:pass' && isTest(data)) counts.passed += 1;
    else if (type === 'test:fail' && isTest(data, true)) report(data);
    else if (type === 'test:stderr' || type === 'test:stdout') process.stdout.write(data.message);
  }
}

// A describe block is no test, and a file neither, unless it breaks by itself and its tests never ran.
function isTest({ name, skip, details }, failed = false) {
  if (skip) return false;
  if (details?.type !== 'suite' && !name.endsWith('.mjs')) return true;
  return failed && !['subtestsFailed', 'cancelledByParent'].includes(details?.error?.failureType);
}

function report(data) {
  counts.failed += 1;
  const error = data.details.error.cause ?? data.details.error;
  console.log(`\n✗ ${data.name}   (${data.file?.slice(TESTS.length + 1) ?? ''}:${data.line ?? ''})\n${indent(error.stack ?? String(error))}`);
}

async function judge() {
  const checks = {
    'invariants I1 to I8 hold': () => checkInvariants(stack),
    'the end: nothing alive, exit code 0, no sanitizer report, no secret in the log': () => endOf(stack),
  };
  for (const [what, check] of Object.entries(checks)) {
    const faults = await check();
    if (faults.length === 0) counts.passed += 1;
    else {
      counts.failed += 1;
      console.log(`\n✗ ${what}\n${indent(faults.join('\n'))}`);
    }
  }
}

function indent(text) {
  return text.split('\n').map((line) => `    ${line}`).join('\n');
}
