// The owner's page of users, in a store with ten thousand of them.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { crowd } from './support/crowd.mjs';
import { Screens } from './support/screens.mjs';
import { ageSecondStep, proveInDialog, signIn } from './support/journeys.mjs';
import { Visitor } from './support/visitor.mjs';

const world = await openWorld();
const CROWD = 10_000;

const maple = await newPerson(world, { methods: ['authenticator'], user: { name: 'Ann Archer' } });
await crowd(world, maple.store, CROWD);

const rows = (visitor) => visitor.page.getByRole('list', { name: visitor.say('users_list') }).getByRole('listitem');
const row = (visitor, name) => visitor.page.getByRole('link', { name: new RegExp(name) });

async function users(visitor) {
  await visitor.opens(visitor.say('menu_users'));
  await visitor.sees(visitor.say('users_title'));
  await rows(visitor).first().waitFor();
}

scene(world, 'ten thousand users: a search finds one while it is typed, and the address keeps it', async (ann) => {
  await signIn(ann, maple);
  await users(ann);
  assert.equal(await rows(ann).count(), 100);
  await ann.page.getByRole('searchbox').pressSequentially('staff-777');
  await row(ann, 'staff777@').waitFor();
  await ann.hears(ann.say('users_shown_other', { n: 11 }));
  await ann.page.reload();
  await ann.hears(ann.say('users_shown_other', { n: 11 }));
  await ann.page.getByRole('searchbox').fill('nobody is called this');
  await ann.reads(ann.say('users_none'));
  await ann.press(ann.say('users_clear'));
  await ann.hears(ann.like('users_shown_more_other'));
  assert.equal(await ann.page.getByRole('searchbox').inputValue(), '');
});

scene(world, 'ten thousand users: page by page to the last one, none twice', async (ann) => {
  await signIn(ann, maple);
  await users(ann);
  await ann.button(ann.say('show_more')).focus();
  await ann.page.keyboard.press('Enter');
  await ann.hears(ann.say('users_shown_more_other', { n: 200 }));
  // the first of the new rows has the focus: a keyboard goes on from there
  assert.equal(await rows(ann).nth(100).getByRole('link').evaluate((link) => link === document.activeElement), true);
  const { links, first, last } = await ann.page.evaluate(toTheEnd, ann.say('show_more'));
  console.log(`show more: ${first} ms at 200 users, ${last} ms at ten thousand`);
  assert.equal(links.length, CROWD + 1);
  assert.equal(new Set(links).size, CROWD + 1);
  await ann.page.getByRole('searchbox').fill('staff-9999');
  await ann.hears(ann.say('users_shown_one', { n: 1 }));
});

// In the page: shows more until there is no more.
async function toTheEnd(words) {
  const list = document.querySelector('main ul');
  const times = [];
  for (;;) {
    const more = [...document.querySelectorAll('main button')].find((one) => one.textContent.trim() === words);
    if (!more) break;
    const [begun, before] = [performance.now(), list.children.length];
    more.click();
    while (list.children.length === before) await new Promise((done) => requestAnimationFrame(done));
    times.push(Math.round(performance.now() - begun));
  }
  return { links: [...list.querySelectorAll('a')].map((one) => one.getAttribute('href')), first: times[0], last: times.at(-1) };
}

scene(world, 'ten thousand users: by state; a person who was looked at is found again where they were', async (ann) => {
  await signIn(ann, maple);
  await users(ann);
  await ann.page.getByRole('combobox', { name: ann.say('users_state') }).selectOption({ label: ann.say('user_state_removed') });
  await ann.hears(ann.say('users_shown_other', { n: 20 }));
  await rows(ann).nth(14).getByRole('link').click();
  await ann.reads(ann.say('user_removed_text'));
  await ann.page.goBack();
  await ann.sees(ann.say('users_title'));
  await ann.hears(ann.say('users_shown_other', { n: 20 }));
  assert.equal(await rows(ann).nth(14).getByRole('link').evaluate((link) => link === document.activeElement), true);
});

// Plays with a second person at a browser of their own, who is signed in.
async function beside(person, play) {
  const other = await Visitor.open(world);
  try {
    await signIn(other, person);
    await play(other);
    other.judge();
  } finally {
    await other.close();
  }
}

async function look(ann, name) {
  await ann.page.getByRole('searchbox').fill(name);
  await row(ann, name).click();
  await ann.sees(name);
}

scene(world, 'an owner ends the sessions of somebody, who is signed out at the next click and can come back', async (ann) => {
  const ben = await newPerson(world, { store: maple.store, methods: ['authenticator'], user: { name: 'Bertram Endings', role: 'admin' } });
  await signIn(ann, maple);
  await beside(ben, async (bert) => {
    bert.expects(/^401 /);
    await users(ann);
    await look(ann, 'Bertram Endings');
    await ann.press(ann.say('user_end'));
    await ann.dialog(ann.say('user_end')).getByRole('button', { name: ann.say('user_end') }).click();
    await ann.hears(ann.say('user_ended', { name: 'Bertram Endings' }));
    await ann.reads(ann.say('user_sessions_none'));
    await bert.chooses(bert.say('menu_view_details'));
    await bert.sees(bert.say('out_ended'));
    await signIn(bert, ben);
  });
});

scene(world, 'an owner locks somebody: a fresh second step is asked for and what was typed stays; it ends at once, and until unlocked', async (ann) => {
  const ben = await newPerson(world, { store: maple.store, methods: ['authenticator'], user: { name: 'Bertram Locked', role: 'admin' } });
  await signIn(ann, maple);
  await beside(ben, async (bert) => {
    bert.expects(/^401 /);
    await users(ann);
    await look(ann, 'Bertram Locked');
    await ageSecondStep(ann, '16 minutes');
    ann.expects(/^403 POST \/api\/users\/user_\w+\/lock$/);
    await ann.press(ann.say('user_lock'));
    const dialog = ann.dialog(ann.say('user_lock_title', { name: 'Bertram Locked' }));
    await dialog.getByRole('button', { name: ann.say('user_lock'), exact: true }).click();
    await ann.isWarned(ann.say('user_reason_empty'));
    await dialog.getByRole('textbox').fill('Laptop stolen');
    await dialog.getByRole('button', { name: ann.say('user_lock'), exact: true }).click();
    await proveInDialog(ann, ann.say('fresh_title'), maple.codes.shift());
    await ann.hears(ann.say('user_locked', { name: 'Bertram Locked' }));
    await ann.reads(ann.say('user_locked_by_hand', { reason: 'Laptop stolen' }));
    await bert.chooses(bert.say('menu_view_details'));
    await bert.sees(bert.say('out_ended'));
    await assert.rejects(() => maple.store.ticket({ user: ben.user }), /user_locked/);

    await ann.press(ann.say('user_unlock'));
    const again = ann.dialog(ann.say('user_unlock_title', { name: 'Bertram Locked' }));
    await again.getByRole('textbox').fill('Laptop found');
    await again.getByRole('button', { name: ann.say('user_unlock'), exact: true }).click();
    await ann.hears(ann.say('user_unlocked', { name: 'Bertram Locked' }));
    await ann.reads(ann.say('user_access_text'));
    await signIn(bert, ben);
  });
});

scene(world, 'an owner resets a lost second step: it is set up anew at the next sign-in', async (ann) => {
  const ben = await newPerson(world, { store: maple.store, methods: ['authenticator'], user: { name: 'Bertram Lost', role: 'admin' } });
  await signIn(ann, maple);
  await beside(ben, async (bert) => {
    bert.expects(/^401 /);
    await users(ann);
    await look(ann, 'Bertram Lost');
    await ann.press(ann.say('user_reset'));
    const dialog = ann.dialog(ann.say('user_reset_title', { name: 'Bertram Lost' }));
    await dialog.getByRole('textbox').fill('Phone lost, called back');
    await dialog.getByRole('button', { name: ann.say('user_reset'), exact: true }).click();
    await ann.hears(ann.say('user_was_reset', { name: 'Bertram Lost' }));
    await ann.reads(ann.say('user_step_nothing'));
    await ann.follow(ann.say('users_back'));
    await row(ann, 'Bertram Lost').getByText(ann.say('user_step_none')).waitFor();
    await bert.chooses(bert.say('menu_view_details'));
    await bert.sees(bert.say('out_ended'));
    await bert.launch(ben.store, { user: ben.user });
    await bert.sees(bert.say('choose_title'));
  });
});

scene(world, 'nobody locks themselves: an owner finds no such buttons on their own page', async (ann) => {
  await signIn(ann, maple);
  await users(ann);
  await look(ann, 'Ann Archer');
  await ann.reads(ann.say('user_self'));
  for (const name of ['user_lock', 'user_reset', 'user_end']) assert.equal(await ann.button(ann.say(name)).count(), 0);
});

for (const role of ['admin', 'viewer']) {
  scene(world, `${role}: no way leads to the owner's pages, and who types their address is told whose they are`, async (ben) => {
    const person = await newPerson(world, { store: maple.store, methods: ['authenticator'], user: { name: 'Ben Brooks', role } });
    await signIn(ben, person);
    assert.equal(await ben.page.getByRole('navigation', { name: ben.say('menu_store') }).count(), 0);
    for (const path of ['/users', '/activity', '/texts', '/users/user_00000000000000000000000000']) {
      await ben.page.goto(`${ben.panel}${path}`);
      await ben.sees(ben.say('owner_only'));
    }
  });
}

scene(world, 'no connection: the page says so and goes on when there is one', async (ann) => {
  await signIn(ann, maple);
  await users(ann);
  await ann.context.route('**/api/users*', (route) => route.abort());
  await ann.page.getByRole('searchbox').fill('staff-1');
  await ann.isWarned(ann.say('problem_network'));
  await ann.context.unrouteAll();
  await ann.press(ann.say('try_again'));
  await row(ann, 'staff1@').waitFor();
  // the browser says what the scene did
  ann.complaints = ann.complaints.filter((one) => !one.endsWith('net::ERR_FAILED'));
});

for (const [locale, scheme] of [['en', 'light'], ['de', 'dark'], ['fr', 'light'], ['es', 'dark'], ['ru', 'light']]) {
  scene(world, `${locale}: the screens of the users`, async (ann) => {
    const screens = new Screens(ann, scheme);
    screens.seen = 80;
    const owner = await newPerson(world, { methods: ['sms', 'authenticator'], user: { name: 'Ann Archer', locale } });
    await crowd(world, owner.store, 30);
    await signIn(ann, owner);
    await screens.look('home-owner');
    await users(ann);
    await screens.look('users');
    await row(ann, 'staff16@').click();
    await ann.sees('Ada Brooks 16');
    await screens.look('user');
    await ann.press(ann.say('user_reset'));
    await ann.dialog(ann.say('user_reset_title', { name: 'Ada Brooks 16' })).waitFor();
    await screens.look('user-reset');
    await ann.page.keyboard.press('Escape');
    await ann.follow(ann.say('users_back'));
    await ann.page.getByRole('searchbox').fill('zzz');
    await ann.reads(ann.say('users_none'));
    await screens.look('users-none');
    screens.judge();
  }, { locale, scheme });
}
