// The platform's own application behind the panel, as people meet it: led to the second step and back, and out when they sign out.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { checkAuthenticator, readBackupCodes, readKey, signIn } from './support/journeys.mjs';

const world = await openWorld();

const locationOf = (visitor) => visitor.page.url().slice(visitor.panel.length);

// What a page of this host gets when it fetches from the application.
const fetched = (visitor) => visitor.page.evaluate(async () => {
  const answer = await fetch('/app/seen');
  return { status: answer.status, body: await answer.json() };
});

scene(world, 'not signed in: to the panel, the second step, back to the very page; signed out: out again', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Confirm it’s you');
  await ann.page.goto(`${ann.panel}/app/orders?page=2`);
  await ann.sees('Confirm it’s you');
  assert.equal(locationOf(ann), '/?return=%2Fapp%2Forders%3Fpage%3D2');
  ann.expects(/^401 GET \/app\/seen$/);
  assert.deepEqual((await fetched(ann)).body.sign_in, '/?return=%2Fapp%2Fseen');
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Orders of Maple & Pine');
  assert.equal(locationOf(ann), '/app/orders?page=2');

  await ann.follow('Back');
  await ann.sees('Signed in as Ann Archer');
  await ann.reads(/^owner of Maple & Pine, by backup code, \d+ s ago$/);
  const { body } = await fetched(ann);
  assert.equal(body.claims.iss, ann.panel);
  assert.ok(!/__Host-/.test(body.headers.cookie ?? ''), 'the application sees the session’s cookie');
  world.stack.secret(body.headers['x-tillgate-token']);

  await ann.press('Sign out');
  await ann.sees('Your session has ended');
  assert.equal(locationOf(ann), '/?return=%2Fapp%2F');
  assert.equal((await fetched(ann)).status, 401);
  await ann.page.goBack();
  await ann.page.getByRole('heading', { level: 1 }).waitFor();
  assert.ok(!(await ann.page.locator('body').innerText()).includes('Ann Archer'), 'the page is still there');
});

scene(world, 'no session: the panel says where one comes from; signed in elsewhere, the first tab goes on', async (ann) => {
  const person = await newPerson(world);
  ann.panel = new URL(`http://${world.stack.hosts(person.store.tenant.slug).panel}`).origin;
  await ann.page.goto(`${ann.panel}/app/`);
  await ann.sees('Your session has ended');
  const first = ann.page;
  ann.page = await ann.context.newPage();
  await signIn(ann, person);
  ann.page = first;
  await first.bringToFront();
  await ann.press(ann.say('out_retry'));
  await ann.sees('Signed in as Ann Archer');
  assert.equal(locationOf(ann), '/app/');
});

scene(world, 'a link from another site, on which the session’s cookie does not travel, arrives all the same', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(ann.outsideUrl(world.outside.page(`<a href="${ann.panel}/app/orders">Go</a>`)));
  await ann.follow('Go');
  await ann.sees('Orders of Maple & Pine');
  assert.equal(locationOf(ann), '/app/orders');
});

scene(world, 'a browser that is trusted is led through without a question', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.page.getByLabel(ann.say('remember')).check();
  await ann.enterCode('Code', person.codes.shift(), 'Verify');
  await ann.sees('Hello, Ann Archer');
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Hello, Ann Archer'); // whoever leaves before that may leave before the new cookie is there
  await ann.page.goto(`${ann.panel}/app/`);
  await ann.sees('Signed in as Ann Archer');
  await ann.reads(/by trusted device, /);
});

scene(world, 'an application that never sees the session: once, and then the panel stays', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  let asked = 0;
  await ann.context.route(`${ann.panel}/app/blind`, (route) => {
    asked += 1;
    return route.fulfill({ status: 303, headers: { location: '/?return=%2Fapp%2Fblind' } });
  });
  await ann.page.goto(`${ann.panel}/app/blind`);
  await ann.sees('Hello, Ann Archer');
  await ann.link('Continue to the page you opened').waitFor();
  assert.ok(asked <= 2, `asked ${asked} times`);
  await ann.context.unrouteAll();
  await ann.page.goto(`${ann.panel}/?return=%2Fapp%2F`);
  await ann.sees('Signed in as Ann Archer');
});

scene(world, 'SSO-5 a return to elsewhere is no return', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  for (const path of ['//shop.example/', '/\\shop.example/', '/%09/shop.example/', 'https://shop.example/', 'javascript:alert(1)', '/%2fshop.example']) {
    await ann.page.goto(`${ann.panel}/?return=${encodeURIComponent(path)}`);
    await ann.sees('Hello, Ann Archer');
    assert.equal(await ann.link('Continue to the page you opened').count(), 0, path);
    assert.equal(new URL(ann.page.url()).origin, ann.panel, path);
  }
});

scene(world, 'a first set-up on the way: the codes are saved before the application is offered', async (ann) => {
  const person = await newPerson(world, { methods: [], codes: false });
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Protect your sign-in');
  await ann.page.goto(`${ann.panel}/app/orders`);
  await ann.sees('Protect your sign-in');
  await ann.follow(/^Authenticator app/);
  await checkAuthenticator(ann, await readKey(ann));
  await ann.sees('Backup codes');
  await readBackupCodes(ann);
  await ann.press('I saved my codes');
  await ann.sees('Hello, Ann Archer');
  await ann.follow('Continue to the page you opened');
  await ann.sees('Orders of Maple & Pine');
});
