/** Fails when the first screen needs more than 100 kB of gzipped JavaScript; prints what each file weighs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 100_000;
const dist = new URL('../dist', import.meta.url).pathname;
const read = (name) => readFileSync(join(dist, name));
const weight = (name) => gzipSync(read(name), { level: 9 }).length;
const assets = readdirSync(join(dist, 'assets')).map((name) => `assets/${name}`);

/** The entry, what it imports at once, and the heaviest of the languages. */
const first = new Set();
function need(name) {
  if (first.has(name)) return;
  first.add(name);
  for (const [, child] of String(read(name)).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
    need(`assets/${child}`);
}
need(/src="\/(assets\/[^"]+\.js)"/.exec(String(read('index.html')))[1]);
const spoken = readdirSync(new URL('../src/messages', import.meta.url)).map((file) => file.replace('.json', ''));
const languages = assets.filter((name) => spoken.some((language) => name.startsWith(`assets/${language}-`)));
first.add(languages.sort((a, b) => weight(b) - weight(a))[0]);

for (const name of assets)
  console.log(`${String(weight(name)).padStart(7)}  ${first.has(name) ? 'first' : '     '}  ${name}`);
const total = [...first].reduce((sum, name) => sum + weight(name), 0);
console.log(`first screen: ${total} bytes of gzipped JavaScript, ${LIMIT} allowed`);
process.exit(total > LIMIT ? 1 : 0);
