// What must be true when a suite is over: no request left alive, a clean exit, no sanitizer report, no secret in a log.
import fs from 'node:fs';
import { until } from './process.mjs';

const REPORTS = /ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|Assertion .* failed/;

export async function endOf(stack) {
  const faults = [];
  if (stack.server?.running) {
    await quieten(stack);
    faults.push(...await liveRequests(stack));
    faults.push(...exit(await stack.server.stop()));
  }
  faults.push(...reports(stack), ...logLines(stack), ...canaries(stack));
  return faults;
}

// A suite leaves more to tell its webhooks than a minute can: they are told no more.
function quieten(stack) {
  return stack.db.rows(`update app.webhooks set state = 'disabled', disabled_reason = 'gone' where state = 'enabled'`);
}

// Jobs come and go: it is enough that a moment without any is seen.
async function liveRequests(stack) {
  try {
    await until('no request to be alive', async () => (await stack.metric('tillgate_requests_live')) === 0, { patience: 15_000 });
    return [];
  } catch {
    return [`tillgate_requests_live stays at ${await stack.metric('tillgate_requests_live')}`];
  }
}

function exit(end) {
  return end.code === 0 ? [] : [`the server ended with ${JSON.stringify(end)} after SIGTERM`];
}

function reports(stack) {
  const lines = stack.serverLog().split('\n');
  const at = lines.findIndex((line) => REPORTS.test(line));
  return at < 0 ? [] : [`a sanitizer's report:\n${lines.slice(at, at + 40).join('\n')}`];
}

function jsonOf(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function logLines(stack) {
  const odd = stack.serverLog().split('\n').filter((line) => line !== '' && jsonOf(line) === undefined);
  return odd.length === 0 ? [] : [`${odd.length} log lines are not JSON, first: ${odd[0].slice(0, 300)}`];
}

// OOB-5, LOG-1: every code, key, cookie, ticket and number of the run is looked for in the server's log. Six digits are only
// looked for where they stand alone in a text: durations are numbers.
function canaries(stack) {
  if (!fs.existsSync(`${stack.run}/secrets`)) return [];
  const secrets = [...new Set(fs.readFileSync(`${stack.run}/secrets`, 'utf8').split('\n').filter(Boolean))];
  const short = new Set(secrets.filter((one) => /^[0-9]{6}$/.test(one)));
  const long = secrets.filter((one) => !short.has(one));
  const log = stack.serverLog();
  const found = long.filter((one) => log.includes(one)).map((one) => `the log holds the secret ${one.slice(0, 12)}…`);
  return [...found, ...shortCanaries(log, short)];
}

function shortCanaries(log, codes) {
  const found = new Set();
  for (const line of log.split('\n')) {
    for (const text of textsOf(jsonOf(line))) {
      for (const [code] of text.matchAll(/(?<![0-9A-Za-z._-])[0-9]{6}(?![0-9A-Za-z._-])/g)) {
        if (codes.has(code)) found.add(`the log holds the code ${code}: ${line.slice(0, 300)}`);
      }
    }
  }
  return [...found];
}

function* textsOf(value) {
  if (typeof value === 'string') yield value;
  else if (value && typeof value === 'object') for (const one of Object.values(value)) yield* textsOf(one);
}
