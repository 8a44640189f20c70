/** Makes docs/dist: index.html and, under names that hold a hash of their content, what it needs. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { page } from './page.js';

const dist = new URL('dist/', import.meta.url);
rmSync(dist, { recursive: true, force: true });
mkdirSync(new URL('assets/', dist), { recursive: true });

/** Writes a file under a name that changes with it; answers where the page finds it. */
function asset(path, ending) {
  const content = readFileSync(new URL(path, import.meta.url));
  const name = `docs-${createHash('sha256').update(content).digest('hex').slice(0, 12)}${ending}`;
  writeFileSync(new URL(`assets/${name}`, dist), content);
  return `/v1/docs/${name}`;
}

const html = page(asset('docs.css', '.css'), asset('../src/favicon.svg', '.svg'));
writeFileSync(new URL('index.html', dist), html);
console.log(`docs/dist/index.html: ${Math.round(html.length / 1024)} kB`);
