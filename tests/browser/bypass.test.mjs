// An exception that two people at the platform allow: the second step offers it, by name and until when, and what is sensitive stays shut.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { Screens } from './support/screens.mjs';

const world = await openWorld();

async function allow({ store, user }) {
  const { json } = await world.platform.call('GET', `/v1/tenants/${store.tenant.id}/users?q=${encodeURIComponent(user.external_id)}`);
  const at = `/v1/tenants/${store.tenant.id}/users/${json.items[0].id}/bypass`;
  for (const [path, body, status] of [[at, { reason: 'Phone lost abroad', by: 'Kim Desk', hours: 4 }, 201], [`${at}/approve`, { by: 'Lee Lead' }, 200]]) {
    const answer = await world.platform.call('POST', path, { json: body });
    assert.equal(answer.status, status, answer.text);
  }
}

for (const [locale, scheme] of [['en', 'light'], ['ru', 'dark']]) {
  scene(world, `${locale}: the second step offers the exception, which opens the panel and not what is sensitive`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 90;
    const person = await newPerson(world, { methods: ['authenticator'], user: { locale } });
    await allow(person);
    await ann.launch(person.store, { user: person.user });
    await ann.sees(ann.say('step_title'));
    await ann.reads(ann.say('bypass_title'));
    await screens.look('bypass');
    await ann.press(ann.like('bypass_continue', { name: 'Lee Lead' }));
    await ann.sees(ann.say('home_title', { user: person.user.name }));
    await ann.page.goto(`${ann.panel}/profile/backup-codes`);
    await ann.dialog(ann.say('fresh_title')).waitFor();
    screens.judge();
  }, { locale, scheme });
}

scene(world, 'an exception that was taken back is not offered, and one that was offered does not hold', async (ann) => {
  const person = await newPerson(world, { methods: ['authenticator'] });
  await allow(person);
  await ann.launch(person.store, { user: person.user });
  await ann.reads(ann.say('bypass_title'));
  const { json } = await world.platform.call('GET', `/v1/tenants/${person.store.tenant.id}/users?q=${person.user.external_id}`);
  await world.platform.call('DELETE', `/v1/tenants/${person.store.tenant.id}/users/${json.items[0].id}/bypass`);
  ann.expects(/^403 POST \/api\/second-step\/bypass$/);
  await ann.press(ann.like('bypass_continue'));
  await ann.isWarned(ann.say('problem_bypass_refused'));
  assert.equal(await ann.page.getByText(ann.say('bypass_title')).count(), 0);
});
