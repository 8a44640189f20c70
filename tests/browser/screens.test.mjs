// Every screen of the panel in every language, in light and dark, from 320 pixels up: axe finds nothing, nothing scrolls sideways.
import { wrongCode, newNumber } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { Screens } from './support/screens.mjs';
import { ageSecondStep, checkAuthenticator, proveInDialog, readBackupCodes, readKey, savePhone, spendBackupCode, textAfter } from './support/journeys.mjs';

const world = await openWorld();
const STORES = {
  en: { name: 'Acme Toys', country: 'US', locale: 'en', sms_countries: ['US', 'DE'] },
  de: { name: 'Blumen Berg', country: 'DE', locale: 'de', sms_countries: ['US', 'DE'] },
  fr: { name: 'Épicerie de l’Étoile', country: 'FR', locale: 'fr', sms_countries: ['US', 'DE'] },
  es: { name: 'Librería Nuñez', country: 'ES', locale: 'es', sms_countries: ['US', 'DE'] },
  ru: { name: 'Магазин «Ёлка»', country: 'DE', locale: 'ru', sms_countries: ['US', 'DE'] },
};
const USERS = {
  en: { name: 'Ann Archer', email: 'ann@acme-toys.example', role: 'owner', locale: 'en' },
  de: { name: 'Anna Berg-Sonnenschein', email: 'anna@blumen-berg.example', role: 'owner', locale: 'de' },
  fr: { name: 'Aïcha Lefèvre-Dupont', email: 'aicha@etoile.example', role: 'owner', locale: 'fr' },
  es: { name: 'Ana Núñez Echeverría', email: 'ana@libreria-nunez.example', role: 'owner', locale: 'es' },
  ru: { name: 'Анна Преображенская', email: 'anna@yolka.example', role: 'owner', locale: 'ru' },
};

for (const [locale, scheme] of [['en', 'light'], ['de', 'dark'], ['fr', 'light'], ['es', 'dark'], ['ru', 'light']]) {
  const options = { locale, scheme };

  scene(world, `${locale}: the screens of the first set-up`, async (ann) => {
    const screens = new Screens(ann, scheme);
    const store = await world.platform.store(STORES[locale]);
    await ann.page.goto(`http://${world.stack.hosts(store.tenant.slug).panel}`);
    await ann.sees(ann.say('out_title'));
    await screens.look('no-session');
    await ann.page.goto(`http://${world.stack.hosts(store.tenant.slug).panel}/?problem=launch_expired`);
    await ann.sees(ann.say('out_launch_expired'));
    await screens.look('launch-expired');

    await ann.launch(store, { user: USERS[locale] });
    await ann.sees(ann.say('choose_title'));
    await screens.look('choose');
    await byPhone(ann, screens);
    await saveCodes(ann, screens);
    await ann.signOut();
    await ann.sees(ann.say('out_signed_out'));
    await screens.look('signed-out');
    screens.judge();
  }, options);

  scene(world, `${locale}: the screens of the authenticator`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 20;
    const store = await world.platform.store(STORES[locale]);
    await ann.launch(store, { user: USERS[locale], return_url: undefined });
    await ann.follow(new RegExp(`^${ann.say('method_authenticator')}`));
    await ann.page.getByRole('img', { name: ann.say('auth_qr') }).waitFor();
    await screens.look('authenticator');
    const secret = await readKey(ann);
    await screens.look('authenticator-key');
    ann.expects(/^422 POST \/api\/authenticator\/check$/);
    await ann.type(ann.say('auth_code'), '000000');
    await ann.page.getByRole('alert').waitFor();
    await screens.look('authenticator-wrong');
    await checkAuthenticator(ann, secret);
    await ann.sees(ann.say('backup_title'));
    await readBackupCodes(ann);
    await screens.look('authenticator-done');
    screens.judge();
  }, options);

  scene(world, `${locale}: the screens of the second step`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 30;
    const person = await newPerson(world, { store: await world.platform.store(STORES[locale]), methods: ['sms', 'authenticator'], user: USERS[locale] });
    await ann.launch(person.store, { user: person.user });
    await ann.sees(ann.say('step_title'));
    await screens.look('second-step');
    await ann.press(ann.say('use_backup_code'));
    await screens.look('second-step-backup');
    await ann.press(ann.say('use_six_digits'));
    const code = await textAfter(ann, person.number, () => ann.press(ann.say('send_code')));
    await ann.hears(ann.like('delivery_delivered'));
    await screens.look('second-step-sent');
    ann.expects(/^4\d\d POST \/api\/second-step\/verify$/);
    await ann.type(ann.say('code_label'), wrongCode(code));
    await ann.isWarned(ann.say('problem_code_wrong'));
    await screens.look('second-step-wrong');
    await setRows(world.db, await ann.asRows(), 'users', `locked_until = now() + interval '30 minutes'`);
    await ann.page.reload();
    await ann.reads(ann.like('locked_until'));
    await screens.look('second-step-locked');
    await setRows(world.db, await ann.asRows(), 'users', 'locked_until = null');
    await ann.page.reload();
    await spendBackupCode(ann, person);
    await ann.sees(ann.say('home_title', { user: person.user.name }));
    await ann.chooses(ann.say('menu_view_details'));
    await ann.page.getByRole('button', { name: ann.say('set_preferred') }).click();
    await ann.hears(ann.like('preferred_set'));
    await ann.signOut();
    await ann.launch(person.store, { user: person.user });
    await ann.reads(ann.say('code_hint_authenticator'));
    await screens.look('second-step-authenticator');
    screens.judge();
  }, options);

  scene(world, `${locale}: the screens of the profile`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 40;
    const person = await newPerson(world, { store: await world.platform.store(STORES[locale]), methods: ['sms', 'authenticator'], user: USERS[locale] });
    await ann.launch(person.store, { user: person.user });
    await ann.page.getByRole('checkbox').check();
    await spendBackupCode(ann, person);
    await ann.sees(ann.say('home_title', { user: person.user.name }));
    await screens.look('home');
    await ann.press(ann.say('menu_profile'));
    await screens.look('menu');
    await ann.page.keyboard.press('Escape');
    await ann.chooses(ann.say('menu_view_details'));
    await ann.button(ann.say('device_clear')).waitFor();
    await ann.button(ann.say('end_others')).waitFor();
    await screens.look('profile');
    await phonePage(ann, screens, person);
    await methodPages(ann, screens);
    await staleness(ann, screens);
    await fewCodes(ann, screens);
    await ann.page.goto(`${ann.panel}/nowhere`);
    ann.expects(/^404 GET \/nowhere$/);
    await ann.sees(ann.say('not_found_title'));
    await screens.look('not-found');
    ann.expects(/^503 GET \/api\/session$/, /^401 /);
    await unreachable(ann, screens);
    await ended(ann, screens, person);
    screens.judge();
  }, options);
}

async function byPhone(ann, screens) {
  await ann.follow(new RegExp(`^${ann.say('method_sms')}`));
  await ann.field(ann.say('phone_number')).waitFor();
  await screens.look('phone');
  await ann.type(ann.say('phone_number'), '123');
  await ann.press(ann.say('save'));
  await ann.page.getByRole('alert').waitFor();
  await screens.look('phone-error');
  // A phone that is off first, for the sake of its screen.
  const off = await savePhone(ann, newNumber(ann.locale === 'de' ? 'DE' : 'US').replace(/\d{5}$/, '30003'));
  await screens.look('phone-unverified');
  await ann.press(ann.say('send_code'));
  await ann.hears(ann.like('delivery_undelivered'));
  await screens.look('phone-undelivered');
  await ann.press(ann.say('phone_other_number'));
  const number = await savePhone(ann, newNumber(ann.locale === 'de' ? 'DE' : 'US'));
  const code = await textAfter(ann, number, () => ann.press(ann.say('send_code')));
  await ann.hears(ann.like('delivery_delivered'));
  await screens.look('phone-code');
  await ann.enterCode(ann.say('phone_code'), code, ann.say('verify'));
  await ann.hears(ann.say('phone_verified'));
  await screens.look('phone-verified');
  await ann.press(ann.say('continue'));
}

async function saveCodes(ann, screens) {
  await ann.sees(ann.say('backup_title'));
  await readBackupCodes(ann);
  await screens.look('backup-codes-new');
  await ann.page.emulateMedia({ media: 'print' });
  await screens.picture(`${ann.locale}-${screens.scheme}-print`);
  await ann.page.emulateMedia({ media: null });
  await ann.press(ann.say('backup_saved'));
  await ann.sees(ann.say('home_title', { user: USERS[ann.locale].name }));
  await screens.look('home-first');
}

async function phonePage(ann, screens, person) {
  await ann.follow(ann.say('configure_sms'));
  await ann.button(ann.say('phone_change')).waitFor();
  await screens.look('phone-settings');
  await ann.press(ann.say('phone_remove'));
  await ann.dialog(ann.say('phone_remove')).waitFor();
  await screens.look('phone-remove-dialog');
  await ann.page.keyboard.press('Escape');
  await ann.press(ann.say('phone_change'));
  await ann.dialog(ann.say('proof_title')).waitFor();
  await screens.look('proof-dialog');
  await proveInDialog(ann, ann.say('proof_title'), person.codes.shift());
  await ann.page.getByRole('heading', { name: ann.say('phone_new_title') }).waitFor();
  await screens.look('phone-new');
  await savePhone(ann, newNumber(ann.locale === 'de' ? 'DE' : 'US'));
  await screens.look('phone-change-unverified');
}

async function methodPages(ann, screens) {
  await ann.page.goto(`${ann.panel}/profile/authenticator`);
  await ann.button(ann.say('auth_remove')).waitFor();
  await screens.look('authenticator-settings');
  await ann.press(ann.say('auth_again'));
  await ann.page.getByRole('img', { name: ann.say('auth_qr') }).waitFor();
  await screens.look('authenticator-again');
  await ann.page.goto(`${ann.panel}/profile/backup-codes`);
  await ann.button(ann.say('backup_new')).waitFor();
  await screens.look('backup-codes');
  await ann.press(ann.say('backup_new'));
  await ann.dialog(ann.say('backup_new')).waitFor();
  await screens.look('backup-codes-dialog');
  await ann.page.keyboard.press('Escape');
}

async function staleness(ann, screens) {
  await ageSecondStep(ann, '14 minutes 31 seconds');
  await ann.page.goto(`${ann.panel}/profile/backup-codes`);
  await ann.button(ann.say('fresh_renew')).waitFor();
  await screens.look('fresh-ending');
  await ageSecondStep(ann, '15 minutes 1 second');
  await ann.page.goto(`${ann.panel}/profile/backup-codes`);
  await ann.dialog(ann.say('fresh_title')).waitFor();
  await screens.look('fresh-dialog');
  await ann.page.keyboard.press('Escape');
  await ann.button(ann.say('fresh_unlock')).waitFor();
  await screens.look('fresh-locked');
}

async function fewCodes(ann, screens) {
  await setRows(world.db, await ann.asRows(), 'backup_codes', 'macs = macs[1:3]');
  await ann.page.goto(ann.panel);
  await ann.sees(ann.say('home_title', { user: USERS[ann.locale].name }));
  await screens.look('home-attention');
}

async function unreachable(ann, screens) {
  await ann.context.route(`${ann.panel}/api/session`, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json',
    body: JSON.stringify({ code: 'database_unavailable', title: 'Unavailable', status: 503, retry_after: 2 }) }));
  await ann.page.reload();
  await ann.sees(ann.say('failed_title'));
  await screens.look('unreachable');
  await ann.context.unrouteAll();
  await ann.press(ann.say('try_again'));
}

async function ended(ann, screens, person) {
  await ann.page.goto(ann.panel);
  await ann.sees(ann.say('home_title', { user: USERS[ann.locale].name }));
  await person.panel.call('DELETE', '/api/sessions');
  await ann.chooses(ann.say('menu_view_details'));
  await ann.sees(ann.say('out_ended'));
  await screens.look('session-ended');
}
