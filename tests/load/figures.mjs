// From what was measured to what is printed: medians, the table of throughput, the goals with their verdicts.

export const median = (numbers) => {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

// The median of every number in a list of records of the same shape.
export const medians = (records) =>
  Object.fromEntries(Object.keys(records[0] ?? {}).map((key) => [key, median(records.map((record) => record[key]))]));

// What performance.md asks for: [figure, sentence, unit, must, aim, digits]. A figure whose aim is above its must wants to be large.
const GOALS = [
  ['read.ratio', 'session read against the best of pgbench', '×', 1.0, 1.3, 2],
  ['read.p99', 'session read, p99 at 64 connections', 'ms', 6, 4, 1],
  ['read.server', 'session read, CPU of the server', 'µs', 25, 17, 1],
  ['read.node', 'session read against node:http + pg', '×', 2.5, 4, 2],
  ['forward.ratio', 'a request behind the panel against a session read', '×', 0.8, 1.0, 2],
  ['forward.signature', 'a request behind the panel, CPU of the server beyond a session read', 'µs', 80, 50, 1],
  ['start.ratio', 'start a challenge against pgbench at as many connections', '×', 0.8, 1.0, 2],
  ['start.p99', 'start a challenge, p99 at 64 connections', 'ms', 30, 30, 1],
  ['start.server', 'start a challenge, CPU of the server', 'µs', 60, 45, 1],
  ['start.node', 'start a challenge against node:http + pg', '×', 2.5, 4, 2],
  ['verify.ratio', 'verify a code against the best of pgbench', '×', 2.0, 3.0, 2],
  ['verify.p99', 'verify a code, p99 at 64 connections', 'ms', 10, 10, 1],
  ['verify.server', 'verify a code, CPU of the server', 'µs', 32, 21, 1],
  ['verify.node', 'verify a code against node:http + pg', '×', 2.5, 4, 2],
  ['money.ratio', 'send decision with the layers of money and fraud against without, CPU of Postgres', '×', 1.5, 1.3, 2],
  ['plain.ratio', 'a request without database against the bare h2o loop', '×', 0.85, 0.95, 2],
  ['alone.read', 'one client alone, p50 of a session read', 'ms', 0.3, 0.17, 2],
  ['alone.start', 'one client alone, p50 of a start', 'ms', 0.9, 0.5, 2],
  ['alone.verify', 'one client alone, p50 of a verify', 'ms', 0.8, 0.4, 2],
  ['neighbour.tenant', "a tenant that hammers one user: others' p99", '×', 1.2, 1.1, 2],
  ['neighbour.lists', "slow lists: others' p99", '×', 1.2, 1.1, 2],
  ['neighbour.writes', "reads under a load of writes: p99", '×', 1.2, 1.1, 2],
  ['memory.idle', 'memory, idle', 'MB', 25, 12, 1],
  ['memory.connections', 'memory with 10,000 idle connections', 'MB', 60, 25, 1],
  ['startup.ms', 'from exec to the first session read', 'ms', 150, 50, 0],
  ['lists.p99', 'the slowest list at 10,000 tenants and 100,000 users, p99', 'ms', 50, 10, 2],
  ['lists.deep', 'a list at its deepest page against its first, p50, the worst', '×', 1.2, 1.1, 2],
  ['growth.read', 'many users: CPU of Postgres for a session read', '×', 1.5, 1.35, 2],
  ['growth.start', 'many users: CPU of Postgres for a start', '×', 1.5, 1.35, 2],
  ['growth.verify', 'many users: CPU of Postgres for a verify', '×', 1.5, 1.35, 2],
  ['sender.rate', 'sender, provider taking 50 ms', '/s', 500, 2000, 0],
  ['sender.p99', 'from commit to the request leaving, p99', 'ms', 20, 5, 1],
];

const THROUGHPUT = [
  ['', 'name', 0],
  ['product/s', 'rate', 0],
  ['ceiling/s', 'ceiling', 0],
  ['ratio', 'ratio', 2],
  ['node+pg/s', 'nodeRate', 0],
  ['ratio', 'node', 2],
  ['p50 ms', 'p50', 2],
  ['p99 ms', 'p99', 2],
  ['half load: p50', 'halfP50', 2],
  ['p99 ms', 'halfP99', 2],
  ['server µs', 'server', 1],
  ['Postgres µs', 'postgres', 1],
  ['failed', 'failed', 0],
];

export function printThroughput(rows) {
  const cells = rows.map((row) => THROUGHPUT.map(([, key, digits]) => cell(row[key], digits)));
  printTable(THROUGHPUT.map(([title]) => title), cells);
}

export function printGoals(figures, sections) {
  const rows = GOALS.filter(([key]) => sections.includes(key.split('.')[0])).map(([key, sentence, unit, must, aim, digits]) => {
    const [section, name] = key.split('.');
    const value = figures[section]?.[name];
    return [sentence, `${cell(value, digits)} ${unit}`, bound(must, aim, must, unit), bound(must, aim, aim, unit), verdict(value, must, aim)];
  });
  printTable(['goal', 'measured', 'must', 'aim', 'verdict'], rows);
}

const wantsMore = (must, aim) => aim > must;
const bound = (must, aim, value, unit) => `${wantsMore(must, aim) ? '≥' : '≤'} ${value} ${unit}`;

function verdict(value, must, aim) {
  if (!Number.isFinite(value)) return 'not measured';
  const reaches = (goal) => (wantsMore(must, aim) ? value >= goal : value <= goal);
  return reaches(aim) ? 'aim reached' : reaches(must) ? 'good' : 'MISSED';
}

function cell(value, digits) {
  if (typeof value === 'string') return value;
  return Number.isFinite(value) ? value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '–';
}

export function printTable(titles, rows) {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((text, i) => (i ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join(' | ')} |`;
  console.log([line(titles), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n'));
}
