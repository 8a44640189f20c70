/**
 * Fails when a language lacks a key or a plural form, has one too many, or differs in placeholders; when a problem code has no
 * message, when a message is never used, or when a key is used that does not exist.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every code that the panel can be answered with, by the server or by the edge before it. */
const CODES = `
  code_wrong code_expired challenge_exhausted locked method_off resend_too_early limit_phone limit_user limit_address
  limit_range country_not_allowed number_invalid number_type_refused number_suppressed no_phone phone_verified_already
  proof_required last_method no_authenticator set_up_expired device_unknown tenant_suspended session_required
  second_step_required fresh_session_required origin_refused overloaded database_unavailable uncertain deadline internal
  not_found method_not_allowed host_unknown body_malformed content_type_unsupported body_too_large body_invalid launch_expired
  request_malformed headers_too_large path_too_long request_timeout too_many_connections unavailable tls_required
  protocol_version network price_too_high breaker_open limit_country limit_money limit_ramp platform_money texts_stopped
  owner_required not_yourself user_locked user_removed bypass_refused
`
  .trim()
  .split(/\s+/);

const root = new URL('..', import.meta.url).pathname;
const folder = join(root, 'src/messages');
const languages = Object.fromEntries(
  readdirSync(folder).map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
);
const faults = [];
const base = languages.en;
const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort().join(' ');

/** A key that ends like a plural form is one only when English has both of its own. */
const FORM = /_(zero|one|two|few|many|other)$/;
const plural = (key) => key.replace(FORM, '');
const isPlural = (key) => FORM.test(key) && `${plural(key)}_one` in base && `${plural(key)}_other` in base;
/** The forms that whole numbers take; what takes a million counts as any other number. */
const formsOf = (language) => new Set(Array.from({ length: 1000 }, (_, n) => new Intl.PluralRules(language).select(n)));

/** Every key that a language must have, with the English text that it says. */
function wanted(language) {
  const keys = new Map();
  for (const [key, text] of Object.entries(base)) {
    if (!isPlural(key)) keys.set(key, text);
    else for (const form of formsOf(language)) keys.set(`${plural(key)}_${form}`, text);
  }
  return keys;
}

for (const [language, messages] of Object.entries(languages)) {
  const keys = wanted(language);
  for (const [key, text] of keys) {
    if (!messages[key]?.trim()) faults.push(`${language}: ${key} is missing`);
    else if (placeholders(messages[key]) !== placeholders(text))
      faults.push(`${language}: ${key} has other placeholders`);
  }
  for (const key of Object.keys(messages)) if (!keys.has(key)) faults.push(`${language}: ${key} is not wanted`);
}
if (Object.keys(languages).sort().join() !== 'de,en,es,fr,ru')
  faults.push(`the languages are ${Object.keys(languages)}`);
for (const code of CODES) if (!(`problem_${code}` in base)) faults.push(`no message for the problem ${code}`);

const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((file) => /\.(svelte|ts)$/.test(file))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
  .join('\n');
/** Keys that are put together while running, from a code, a state, a kind, a method, a reason or a role. */
const built =
  /^(problem|reason|delivery|code_a|role|phone_problem|paused|outcome|purpose|sent|why|event|caller|user_state|user_is|activity_group|activity_period)_/;
for (const key of Object.keys(base)) {
  if (built.test(key) || (isPlural(key) ? [plural(key)] : [key]).some((name) => sources.includes(`'${name}'`)))
    continue;
  faults.push(`${key} is never used`);
}
for (const [, key] of sources.matchAll(/\bt\('(\w+)'/g)) if (!(key in base)) faults.push(`t('${key}') has no message`);
for (const [, key] of sources.matchAll(/\btn\('(\w+)'/g))
  for (const form of ['one', 'other']) if (!(`${key}_${form}` in base)) faults.push(`tn('${key}') has no ${form} form`);

for (const fault of faults) console.error(fault);
console.log(`${Object.keys(base).length} messages in ${Object.keys(languages).join(', ')}, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
