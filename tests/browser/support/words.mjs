// The panel's words, from its own message files: the tests that run in every language ask for a text by its key.
import fs from 'node:fs';
import { ROOT } from '../../harness/paths.mjs';

const WORDS = Object.fromEntries(['en', 'de', 'fr', 'es', 'ru'].map((locale) =>
  [locale, JSON.parse(fs.readFileSync(`${ROOT}/web/src/messages/${locale}.json`, 'utf8'))]));

export function words(locale, key, params = {}) {
  const text = WORDS[locale][key];
  if (text === undefined) throw new Error(`no message ${key} in ${locale}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(params[name] ?? ''));
}

// The same as a pattern: what the parameters stand for may be anything.
export function pattern(locale, key, params = {}) {
  const parts = WORDS[locale][key].split(/\{(\w+)\}/);
  return new RegExp(parts.map((part, i) => (i % 2 === 0 ? escape(part) : params[part] === undefined ? '.+' : escape(String(params[part])))).join(''));
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
