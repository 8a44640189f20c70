// Five languages: the browser's before anybody is known, then the user's own, which the profile changes; texts speak it too.
import assert from 'node:assert/strict';
import { setRows } from '../harness/clock.mjs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { signIn, textAfter } from './support/journeys.mjs';

const world = await openWorld();
const NAMES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ru: 'Русский' };
const TEXTS = {
  en: /is your sign-in code for/, de: /ist Ihr Anmeldecode für/, fr: /est votre code de connexion à/, es: /es su clave de acceso a/,
  ru: /vash kod dlya vkhoda v/,
};

// Which message files the browser has fetched.
function fetched(visitor) {
  const seen = new Set();
  visitor.page.on('request', (request) => {
    const language = /\/assets\/(en|de|fr|es|ru)-[^/]+\.js$/.exec(new URL(request.url()).pathname)?.[1];
    if (language) seen.add(language);
  });
  return seen;
}

scene(world, 'the profile changes the language at once, for good, and of texts too', async (ann) => {
  const person = await newPerson(world, { methods: ['sms'] });
  await signIn(ann, person);
  await ann.chooses(ann.say('menu_view_details'));
  for (const locale of ['de', 'fr', 'es', 'ru']) {
    await ann.page.getByRole('combobox', { name: ann.say('language_title') }).selectOption({ label: NAMES[locale] });
    ann.locale = locale;
    await ann.sees(ann.say('profile_title'));
    assert.equal(await ann.page.evaluate(() => document.documentElement.lang), locale);
  }
  await ann.page.reload();
  await ann.sees(ann.say('profile_title'));
  await ann.opens(ann.say('menu_home'));
  for (const [left, words] of [[3, 'Осталось только 3 резервных кода.'], [1, 'Остался только 1 резервный код.']]) {
    await setRows(world.db, await ann.asRows(), 'backup_codes', `macs = macs[1:${left}]`);
    await ann.page.reload();
    await ann.reads(words);
  }
  await ann.signOut();
  await ann.launch(person.store, { user: { ...person.user, locale: undefined } });
  await ann.sees(ann.say('step_title'));
  await textAfter(ann, person.number, () => ann.press(ann.say('send_code')));
  assert.match((await world.sandbox.messagesTo(person.number)).at(-1).body, TEXTS.ru);
});

for (const locale of Object.keys(NAMES)) {
  scene(world, `${locale}: before anybody is known the browser's language is spoken, and no other is fetched`, async (ann) => {
    const seen = fetched(ann);
    const store = await world.platform.store({ name: 'Maple & Pine', country: 'US', locale });
    await ann.page.goto(`http://${world.stack.hosts(store.tenant.slug).panel}`);
    await ann.sees(ann.say('out_title'));
    // whoever has no language of their own is spoken to in the store's
    await ann.launch(store, { user: { name: 'Ann Archer' } });
    await ann.sees(ann.say('choose_title'));
    assert.deepEqual([...seen], [locale]);
  }, { locale });
}
