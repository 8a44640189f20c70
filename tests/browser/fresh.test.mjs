// Pages that change how one signs in need a fresh session: a warning thirty seconds before, a lock after that, and nothing typed is lost.
import assert from 'node:assert/strict';
import { newNumber } from '../harness/suite.mjs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { ageSecondStep, proveInDialog, signIn } from './support/journeys.mjs';

const world = await openWorld();
const CONFIRM = 'Confirm it’s you';

// At the form for a new number, half filled in.
async function inTheMiddle(ann, person, typed) {
  await ann.page.clock.install();
  await signIn(ann, person);
  await ann.chooses('View details');
  await ann.follow('SMS/Text message configure');
  await ann.press('Change phone number');
  await proveInDialog(ann, 'First, prove it’s you', person.codes.shift());
  await ann.type('Phone number', typed);
}

async function timePasses(ann, since, clock) {
  await ageSecondStep(ann, since);
  await ann.page.clock.fastForward(clock);
}

scene(world, 'warned thirty seconds before, renewed in a dialog, what was typed is still there', async (ann) => {
  const person = await newPerson(world);
  const number = newNumber();
  await inTheMiddle(ann, person, number);
  assert.equal(await ann.button('Stay unlocked').count(), 0);
  await timePasses(ann, '14 minutes 32 seconds', '14:32');
  await ann.page.getByRole('timer').filter({ hasText: /For your safety this page locks in [12]?\d seconds\./ }).waitFor();
  await ann.press('Stay unlocked');
  await proveInDialog(ann, CONFIRM, person.codes.shift());
  await ann.button('Stay unlocked').waitFor({ state: 'detached' });
  assert.equal(await ann.field('Phone number').inputValue(), number);
  await ann.press('Save');
  await ann.hears('The phone number is not verified');
});

scene(world, 'locked: the page asks by itself, can be left locked, and opens as it was', async (ann) => {
  const person = await newPerson(world);
  const number = newNumber();
  await inTheMiddle(ann, person, number);
  await timePasses(ann, '15 minutes 1 second', '15:01');
  await ann.dialog(CONFIRM).waitFor();
  await ann.page.keyboard.press('Escape');
  await ann.dialog(CONFIRM).waitFor({ state: 'detached' });
  await ann.reads('This page is locked for your safety.');
  assert.ok(await ann.page.locator('[inert]').getByText('New phone number').count(), 'the locked page can still be used');
  await ann.press('Unlock');
  await proveInDialog(ann, CONFIRM, person.codes.shift());
  assert.equal(await ann.field('Phone number').inputValue(), number);
  await ann.press('Save');
  await ann.hears('The phone number is not verified');
});

scene(world, 'a refusal in the middle of a click asks for the second step and then does what was asked', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(`${ann.panel}/profile/backup-codes`);
  await ann.press('Make a new set');
  // The server's clock, not this page's, decides.
  await ageSecondStep(ann, '16 minutes');
  ann.expects(/^403 POST \/api\/backup-codes$/);
  await ann.dialog('Make a new set').getByRole('button', { name: 'Make a new set' }).click();
  await proveInDialog(ann, CONFIRM, person.codes.shift());
  await ann.reads('Save your backup codes');
  await ann.dialog('Make a new set').waitFor({ state: 'detached' });
});

scene(world, 'a stale session may look at its profile, and is asked when it wants to change something', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ageSecondStep(ann, '16 minutes');
  await ann.page.goto(`${ann.panel}/profile`);
  await ann.reads('Sign-in methods');
  assert.equal(await ann.dialog(CONFIRM).count(), 0);
  await ann.follow('Authenticator app configure');
  await proveInDialog(ann, CONFIRM, person.codes.shift());
  await ann.press('Set up authenticator app');
  await ann.page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
});
