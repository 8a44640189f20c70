// What the README shows for a store's backend are the files that the tests run, to the letter.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ROOT } from '../harness/paths.mjs';

const readme = fs.readFileSync(`${ROOT}/README.md`, 'utf8');
const LANGUAGES = { php: 'php', mjs: 'js', sh: 'sh' };

for (const name of fs.readdirSync(`${ROOT}/ops/snippets`)) {
  test(`README has ops/snippets/${name}`, () => {
    const text = fs.readFileSync(`${ROOT}/ops/snippets/${name}`, 'utf8');
    assert.ok(readme.includes(`\n\`\`\`${LANGUAGES[name.split('.').pop()]}\n${text}\`\`\`\n`));
  });
}
