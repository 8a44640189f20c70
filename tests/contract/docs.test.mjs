// The page that web/docs makes of the description: it has everything, and every link in it leads somewhere.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { document, operations, problemCodes, problemsOf } from '../harness/contract.mjs';
import { ROOT } from '../harness/paths.mjs';

const { page } = await import(`${ROOT}/web/docs/page.js`);
const html = page('/v1/docs/docs-0.css', '/v1/docs/docs-0.svg');
const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
const article = (id) => html.slice(html.indexOf(`<article id="${id}"`)).split('</article>')[0];

describe('the documentation', () => {
  test('has every operation, with its request, an answer and every problem', () => {
    for (const one of operations) {
      const text = article(one.id);
      assert.ok(text.startsWith(`<article id="${one.id}"`), `${one.id} is missing`);
      assert.match(text, /<figcaption>Request</, one.id);
      assert.match(text, /<figcaption>Answer</, one.id);
      for (const code of Object.values(problemsOf(one)).flat()) assert.ok(text.includes(`href="#problem-${code}"`), `${one.id}: ${code}`);
    }
  });

  test('has every problem once, with what it means and what to do', () => {
    assert.deepEqual(ids.filter((id) => id.startsWith('problem-') && !id.endsWith('-title')).map((id) => id.slice(8)).sort(), [...problemCodes].sort());
  });

  test('names nothing twice, and every link leads somewhere', () => {
    assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), []);
    for (const [, to] of html.matchAll(/href="#([^"]*)"/g)) assert.ok(ids.includes(to), `#${to} is nowhere`);
    for (const [, to] of html.matchAll(/(?:href|src)="([^#"][^"]*)"/g)) assert.match(to, /^\/v1\/(docs\/docs-0\.(css|svg)|openapi\.yaml)$/);
  });

  test('holds nothing that its policy forbids', () => {
    assert.doesNotMatch(html, /<script|<style| style="| on[a-z]+="|javascript:/);
    assert.ok(html.includes(document.info.version));
  });

  test('leaves no word unfilled', () => assert.doesNotMatch(html.replace(/<pre>.*?<\/pre>/gs, ''), /undefined|\[object|NaN/));
});
