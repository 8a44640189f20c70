// Later launches: one field for every code, wrong ones, the countdown, the lock, the remembered device.
import assert from 'node:assert/strict';
import { wrongCode } from '../harness/suite.mjs';
import { pass, setRows } from '../harness/clock.mjs';
import { openWorld, scene } from './support/world.mjs';
import { Authenticator, newPerson } from './support/people.mjs';
import { countTexts, signIn, textAfter } from './support/journeys.mjs';

const world = await openWorld();

scene(world, 'a text is preferred: texted, authenticator and backup codes go into the same field', async (ann) => {
  const person = await newPerson(world, { methods: ['sms', 'authenticator'] });
  const app = new Authenticator(person.secret);
  const ways = [
    async () => textAfter(ann, person.number, () => ann.press('Send verification code')),
    async () => app.code(),
    async () => person.codes[0],
    async () => person.codes[1].replace('-', '').toLowerCase(),
  ];
  for (const way of ways) {
    await ann.launch(person.store, { user: person.user });
    await ann.sees('Confirm it’s you');
    await ann.reads('Maple & Pine');
    await ann.reads('as Ann Archer');
    await ann.reads(/This field takes .*a texted code.* or a backup code\./);
    await ann.enterCode('Code', ann.world.stack.secret(await way()), 'Verify');
    await ann.sees('Hello, Ann Archer');
    await ann.signOut();
    await ann.sees('You are signed out');
  }
});

scene(world, 'the authenticator is preferred: the app is asked for, a text is offered below', async (ann) => {
  const person = await newPerson(world, { methods: ['authenticator', 'sms'] });
  await ann.launch(person.store, { user: person.user });
  await ann.reads('Open your authenticator app and enter the 6-digit code.');
  const code = await textAfter(ann, person.number, () =>
    ann.page.getByRole('region', { name: 'Other ways' }).getByRole('button', { name: 'Send verification code' }).click());
  await ann.hears(/Delivered to/);
  await ann.enterCode('Code', code, 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'loading the page again sends nothing, however often', async (ann) => {
  const person = await newPerson(world);
  const before = await countTexts(ann, person.number);
  await ann.launch(person.store, { user: person.user });
  for (let i = 0; i < 3; i += 1) {
    await ann.page.reload();
    await ann.button('Send verification code').waitFor();
  }
  assert.equal(await countTexts(ann, person.number), before);
  await textAfter(ann, person.number, () => ann.press('Send verification code'));
  for (let i = 0; i < 3; i += 1) {
    await ann.page.reload();
    await ann.page.getByRole('timer').filter({ hasText: 'Send again in' }).waitFor();
  }
  assert.equal(await countTexts(ann, person.number), before + 1);
});

scene(world, 'the countdown ends in "Send again", which repeats the code', async (ann) => {
  const person = await newPerson(world);
  await ann.page.clock.install();
  await ann.launch(person.store, { user: person.user });
  const code = await textAfter(ann, person.number, () => ann.press('Send verification code'));
  await ann.page.getByRole('timer').filter({ hasText: /^Send again in (1:00|0:5\d)$/ }).waitFor();
  await ann.page.clock.fastForward(61_000);
  await ann.button('Send again').waitFor();
  await pass(world.db, await ann.asRows(), '61 seconds');
  await ann.page.reload();
  const again = await textAfter(ann, person.number, () => ann.press('Send again'));
  assert.equal(again, code);
  await ann.page.getByRole('timer').filter({ hasText: /^Send again in (2:00|1:5\d)$/ }).waitFor();
  await ann.enterCode('Code', code, 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'a code that ran out says so, and another way is open', async (ann) => {
  const person = await newPerson(world);
  await ann.page.clock.install();
  await ann.launch(person.store, { user: person.user });
  const code = await textAfter(ann, person.number, () => ann.press('Send verification code'));
  await ann.page.clock.fastForward(301_000);
  await setRows(world.db, await ann.asRows(), 'challenges', `expires_at = now() - interval '1 second'`);
  await ann.hears('This code has run out. Ask for a new one.');
  ann.expects(/^422 POST \/api\/second-step\/verify$/);
  await ann.enterCode('Code', code, 'Verify');
  await ann.isWarned('That code has run out or was already used.');
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'six digits and Enter at once cost one try, not two', async (ann) => {
  const person = await newPerson(world, { methods: ['sms'] });
  await ann.launch(person.store, { user: person.user });
  const code = await textAfter(ann, person.number, () => ann.press('Send verification code'));
  ann.expects(/^422 POST \/api\/second-step\/verify$/);
  const calls = [];
  ann.page.on('request', (request) => request.url().endsWith('/verify') && calls.push(request));
  await ann.type('Code', wrongCode(code));
  await ann.field('Code').press('Enter');
  await ann.isWarned('4 tries left.');
  // Longer than the field waits before it sends six digits by itself.
  await ann.page.waitForTimeout(400);
  assert.equal(calls.length, 1);
});

scene(world, 'ten wrong codes lock for half an hour, and the page says when it goes on', async (ann) => {
  const person = await newPerson(world, { methods: ['authenticator'] });
  await ann.launch(person.store, { user: person.user });
  await setRows(world.db, await ann.asRows(), 'users', 'wrong_codes = 8');
  ann.expects(/^422 POST \/api\/second-step\/verify$/, /^429 POST \/api\/second-step\/verify$/);
  const wrong = wrongCode(new Authenticator(person.secret).code());
  await ann.enterCode('Code', wrong, 'Verify');
  await ann.isWarned('That code is not right. Check it and enter it again. 1 try left.');
  await ann.enterCode('Code', wrong, 'Verify');
  await ann.isWarned('Too many wrong codes. For your safety, codes are not accepted for now.');
  await ann.reads(/You can go on in (30:00|29:\d\d)\./);
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.isWarned('Too many wrong codes. For your safety, codes are not accepted for now.');
  await ann.page.getByRole('timer').filter({ hasText: /Try again in (30:00|29:\d\d)/ }).waitFor();
  await ann.page.reload();
  await ann.reads(/You can go on in (30:00|29:\d\d)\./);
  await setRows(world.db, await ann.asRows(), 'users', `locked_until = now() - interval '1 second'`);
  await ann.page.reload();
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'a remembered device skips the second step for fourteen days, and no longer', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.page.getByRole('checkbox', { name: /Skip this for two weeks/ }).check();
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Hello, Ann Archer');

  // Another of the store's admins at the same browser is asked all the same.
  const ben = await newPerson(world, { store: person.store, user: { name: 'Ben Brooks', role: 'admin', email: 'ben@maple-pine.example' } });
  await ann.launch(person.store, { user: ben.user });
  await ann.sees('Confirm it’s you');
  await ann.reads('as Ben Brooks');

  await ann.launch(person.store, { user: person.user });
  await ann.sees('Hello, Ann Archer');
  await setRows(world.db, await ann.asRows(), 'devices', `expires_at = now() - interval '1 second'`);
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Confirm it’s you');
});

scene(world, 'devices and sessions: removed, ended, each by itself', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.chooses('View details');
  const sessions = ann.page.getByRole('region', { name: 'Sessions' });
  await sessions.getByText('This session').waitFor();
  // The one in which the methods were set up.
  await sessions.getByRole('button', { name: /^End session: / }).click();
  await ann.hears('Session ended.');
  await sessions.getByRole('button', { name: /^End session: / }).waitFor({ state: 'detached' });
  assert.equal(await sessions.getByRole('listitem').count(), 1);
});

scene(world, 'the language is the user’s own choice, and stays', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.chooses('View details');
  await ann.page.getByRole('combobox', { name: 'Language' }).selectOption({ label: 'Deutsch' });
  await ann.sees('Profildetails');
  await ann.page.reload();
  await ann.sees('Profildetails');
  assert.equal(await ann.page.evaluate(() => document.documentElement.lang), 'de');
});
