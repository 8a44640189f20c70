// How sessions end: signed out, in another tab, by the platform, by time; and what the browser still shows afterwards.
import assert from 'node:assert/strict';
import { setRows } from '../harness/clock.mjs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { signIn } from './support/journeys.mjs';

const world = await openWorld();

// Nothing that is Ann's may be on the screen.
async function showsNothing(visitor) {
  const text = await visitor.page.locator('body').innerText();
  for (const secret of ['Ann Archer', 'ann@maple-pine.example', 'Profile details', '•••']) {
    assert.ok(!text.includes(secret), `the page still shows ${secret}`);
  }
}

scene(world, 'after sign-out the back button shows nothing, here and coming from another site', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.chooses('View details');
  await ann.sees('Profile details');
  await ann.reads(person.user.email);
  await ann.signOut();
  await ann.sees('You are signed out');
  assert.equal(await ann.cookie('__Host-sid'), undefined);
  await ann.page.goBack();
  await ann.sees('You are signed out');
  await showsNothing(ann);
  await ann.page.goto(ann.outsideUrl(world.outside.page('<p>Elsewhere</p>')));
  await ann.page.goBack();
  await ann.page.getByRole('heading', { level: 1 }).waitFor();
  await showsNothing(ann);
  await ann.page.reload();
  await ann.sees('Open your store’s admin');
  await showsNothing(ann);
});

scene(world, 'leaving without signing out: the back button may show the page, but asks the server again', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(ann.outsideUrl(world.outside.page('<p>Elsewhere</p>')));
  await world.db.rows('delete from app.sessions where user_id = (select user_id from app.users where external_id = $1)', person.user.external_id);
  await ann.page.goBack();
  await ann.sees('Open your store’s admin');
  await showsNothing(ann);
});

scene(world, 'two tabs: signed out in one, the other notices at its next click', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  const first = ann.page;
  ann.page = await ann.context.newPage();
  await ann.page.goto(`${ann.panel}/profile`);
  await ann.sees('Profile details');
  const second = ann.page;

  ann.page = first;
  await first.bringToFront();
  await ann.signOut();
  await ann.sees('You are signed out');

  ann.page = second;
  await second.bringToFront();
  ann.expects(/^401 /);
  await ann.follow('SMS/Text message configure');
  await ann.press('Change phone number');
  await ann.dialog('First, prove it’s you').getByRole('textbox', { name: 'Code', exact: true }).fill(person.codes[0]);
  await ann.page.keyboard.press('Enter');
  await ann.sees('Your session has ended');
  await showsNothing(ann);
});

scene(world, 'two tabs at the second step: done in one, the other goes on too', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Confirm it’s you');
  const first = ann.page;
  ann.page = await ann.context.newPage();
  await ann.page.goto(ann.panel);
  await ann.sees('Confirm it’s you');
  const second = ann.page;
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
  ann.page = first;
  await first.bringToFront();
  await ann.enterCode('Code', person.codes[1], 'Verify');
  await ann.sees('Hello, Ann Archer');
  ann.page = second;
  await ann.page.reload();
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'ended from another browser', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  assert.equal((await person.panel.call('DELETE', '/api/sessions')).status, 204);
  ann.expects(/^401 /);
  await ann.chooses('View details');
  await ann.sees('Your session has ended');
  await showsNothing(ann);
});

scene(world, 'idle for a quarter of an hour: the session is over, and the page says so by itself', async (ann) => {
  const person = await newPerson(world);
  await ann.page.clock.install();
  await signIn(ann, person);
  await setRows(world.db, await ann.asRows(), 'sessions', `seen_at = now() - interval '16 minutes'`);
  await ann.page.clock.fastForward('16:00');
  await ann.sees('Your session has ended');
  await showsNothing(ann);
});

scene(world, 'a store that is suspended: whoever is in is out, and nobody comes in', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  assert.equal((await world.platform.suspend(person.store.tenant)).status, 200);
  ann.expects(/^40[13] /);
  await ann.chooses('View details');
  await ann.sees('Your session has ended');
  await showsNothing(ann);
  const refused = await person.store.call('POST', '/v1/launches', { json: { user: person.user } });
  assert.equal(refused.json.code, 'tenant_suspended');
  await ann.page.reload();
  await ann.page.getByRole('heading', { level: 1 }).waitFor();
  await showsNothing(ann);
});

scene(world, 'a launch link that was used, or is older than a minute', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Confirm it’s you');
  const used = ann.page.url();
  await ann.page.goBack();
  await ann.context.clearCookies();
  await ann.press('Open the panel');
  await ann.sees('That link can no longer be used');
  assert.equal(ann.page.url(), used, 'the address still tells of the problem');
  assert.equal(await ann.cookie('__Host-sid'), undefined);
});

scene(world, 'the wrong person signs out before the second step', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.press('Not you, or not your store? Sign out');
  await ann.sees('You are signed out');
  assert.equal(await ann.cookie('__Host-sid'), undefined);
});

scene(world, 'where the store’s link pointed is where the second step leads', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person, { destination: '/' });
  await ann.launch(person.store, { user: person.user, destination: '/profile/phone' });
  await ann.enterCode('Code', person.codes.shift(), 'Verify');
  await ann.sees('2-step authentication via SMS/text messages');
});

scene(world, 'the server away: the page says so and comes back', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.context.route(`${ann.panel}/api/**`, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json',
    headers: { 'Retry-After': '1' }, body: JSON.stringify({ code: 'database_unavailable', title: 'x', status: 503, retry_after: 1 }) }));
  ann.expects(/^503 GET \/api\/session$/);
  await ann.page.reload();
  await ann.sees('We cannot reach Tillgate');
  await ann.context.unrouteAll();
  await ann.press('Try again');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'an address that does not exist', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(`${ann.panel}/no/such/page`).catch(() => {});
  ann.expects(/^404 GET \/no\/such\/page$/);
  await ann.sees('This page does not exist');
  await ann.page.getByRole('main').getByRole('link', { name: 'Home' }).click();
  await ann.sees('Hello, Ann Archer');
});
