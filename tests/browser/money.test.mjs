// Money in the panel: the owner sees what texts came to, and when none go out nobody is locked out.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { Authenticator, newPerson } from './support/people.mjs';
import { Screens } from './support/screens.mjs';
import { countTexts, signIn, textAfter } from './support/journeys.mjs';

const world = await openWorld();
const STORES = {
  en: { name: 'Acme Toys', country: 'US', locale: 'en', sms_countries: ['US', 'DE'] },
  de: { name: 'Blumen Berg', country: 'DE', locale: 'de', sms_countries: ['US', 'DE'] },
};
const USERS = {
  en: { name: 'Ann Archer', email: 'ann@acme-toys.example', role: 'owner', locale: 'en' },
  de: { name: 'Anna Berg', email: 'anna@blumen-berg.example', role: 'owner', locale: 'de' },
};

async function texts(store, stopped) {
  const answer = await world.platform.call('PUT', '/v1/stops', { json: { scope: 'tenant', tenant: store.tenant.id, stopped, reason: 'a test' } });
  assert.equal(answer.status, 200, answer.text);
}

for (const [locale, scheme] of [['en', 'light'], ['de', 'dark']]) {
  scene(world, `${locale}: the owner sees what texts came to, this month and before`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 60;
    const person = await newPerson(world, { store: await world.platform.store(STORES[locale]), methods: ['sms', 'authenticator'], user: USERS[locale] });
    await signIn(ann, person);
    await ann.opens(ann.say('menu_texts'));
    await ann.sees(ann.say('texts_title'));
    await ann.page.getByRole('heading', { name: ann.say('texts_by_day'), exact: true }).waitFor();
    // one text: the phone was set up with it
    await ann.reads(`•••\u00a0••${person.number.slice(-2)}`);
    await ann.page.getByRole('img', { name: ann.like('texts_chart_number') }).waitFor();
    const slider = ann.page.getByRole('slider', { name: ann.say('texts_chart_day'), exact: true });
    assert.match(await slider.getAttribute('aria-valuetext'), /1 .*1 .*1 /);
    await slider.focus();
    await ann.page.keyboard.press(Number(await slider.inputValue()) > 0 ? 'ArrowLeft' : 'ArrowRight');
    assert.match(await slider.getAttribute('aria-valuetext'), ann.like('texts_day_none'));
    await ann.page.getByText(ann.say('texts_as_table'), { exact: true }).click();
    assert.equal(await ann.page.getByRole('table').getByRole('row').count(), 2);
    await screens.look('texts');
    await ann.press(ann.say('texts_cost'));
    await screens.look('texts-cost');
    await ann.press(ann.like('texts_earlier'));
    await ann.reads(ann.like('texts_none'));
    await ann.page.reload();
    await ann.reads(ann.like('texts_none'));
    await screens.look('texts-none');
    await ann.press(ann.like('texts_later'));
    await ann.page.getByRole('heading', { name: ann.say('texts_by_day'), exact: true }).waitFor();
    screens.judge();
  }, { locale, scheme });

  scene(world, `${locale}: texts are switched off: the second step asks for another method, until they are back`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 70;
    const store = await world.platform.store(STORES[locale]);
    const person = await newPerson(world, { store, methods: ['sms', 'authenticator'], user: USERS[locale] });
    await texts(store, true);
    await ann.launch(store, { user: person.user });
    await ann.hears(ann.say('paused_stopped'));
    await ann.reads(ann.say('code_hint_authenticator'));
    await ann.page.getByRole('timer').filter({ hasText: ann.say('paused_open') }).waitFor();
    const button = ann.page.getByRole('region', { name: ann.say('other_ways') }).getByRole('button', { name: ann.say('send_code'), exact: true });
    assert.equal(await button.getAttribute('aria-disabled'), 'true');
    await ann.page.getByText(`${ann.say('paused_stopped')}.`, { exact: true }).waitFor();
    await screens.look('second-step-paused');
    const before = await countTexts(ann, person.number);
    await button.click({ force: true });
    assert.equal(await countTexts(ann, person.number), before);
    await ann.enterCode(ann.say('code_label'), new Authenticator(person.secret).code(1), ann.say('verify'));
    await ann.sees(ann.say('home_title', { user: person.user.name }));
    await ann.signOut();

    await ann.launch(store, { user: person.user });
    await ann.hears(ann.say('paused_stopped'));
    await texts(store, false);
    // The page notices by itself.
    await ann.page.getByText(ann.say('paused_stopped')).first().waitFor({ state: 'detached', timeout: 40_000 });
    const code = await textAfter(ann, person.number, () => ann.press(ann.say('send_code')));
    await ann.enterCode(ann.say('code_label'), code, ann.say('verify'));
    await ann.sees(ann.say('home_title', { user: person.user.name }));
    screens.judge();
  }, { locale, scheme });
}

scene(world, 'texts are switched off while the page is open: the click says so, and the app is asked for', async (ann) => {
  const store = await world.platform.store(STORES.en);
  const person = await newPerson(world, { store, methods: ['sms', 'authenticator'] });
  await ann.launch(store, { user: person.user });
  await ann.button('Send verification code').waitFor();
  await texts(store, true);
  ann.expects(/^503 POST \/api\/second-step\/send-code$/);
  await ann.press('Send verification code');
  await ann.hears('Text messages are switched off at the moment');
  await ann.hears('You can sign in all the same: use a code from your authenticator app or a backup code.');
  await ann.page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'texts are switched off at the first set-up: the authenticator is a way in', async (ben) => {
  const store = await world.platform.store(STORES.en);
  await texts(store, true);
  await ben.launch(store, { user: { name: 'Ben Brooks', role: 'admin', locale: 'en' } });
  await ben.reads('Paused');
  await ben.follow(/^Text message/);
  await ben.hears('The authenticator app works all the same: it needs no texts and costs nothing.');
  await ben.follow('Set up the authenticator app');
  await ben.page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
});

scene(world, 'the page of texts is for the owner; others are told so', async (ben) => {
  const person = await newPerson(world, { user: { name: 'Ben Brooks', role: 'admin' } });
  await signIn(ben, person);
  await ben.press('Profile');
  await ben.link('View details').first().waitFor();
  assert.equal(await ben.link('Text messages').count(), 0);
  await ben.page.goto(`${ben.panel}/texts`);
  await ben.sees('This page is for the owner');
  await ben.follow('Home');
  await ben.sees('Hello, Ben Brooks');
});
