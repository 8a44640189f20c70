// Profile > SMS/Text message configure: a new number with each proof, the old one valid until then; removing methods.
import assert from 'node:assert/strict';
import { newNumber } from '../harness/suite.mjs';
import { openWorld, scene } from './support/world.mjs';
import { Authenticator, newPerson } from './support/people.mjs';
import { Visitor } from './support/visitor.mjs';
import { savePhone, signIn, textAfter } from './support/journeys.mjs';

const world = await openWorld();
const PROOF = 'First, prove it’s you';

for (const [proof, prove] of Object.entries({
  'a code texted to the current phone': (ann, person) => textAfter(ann, person.number, () => ann.dialog(PROOF).getByRole('button', { name: 'Send verification code' }).click()),
  'an authenticator code': async (ann, person) => new Authenticator(person.secret).code(),
  'a backup code': async (ann, person) => person.codes.shift(),
})) {
  scene(world, `a new number, proved by ${proof}`, async (ann) => {
    const person = await newPerson(world, { methods: ['sms', 'authenticator'] });
    await signIn(ann, person);
    await ann.chooses('View details');
    await ann.follow('SMS/Text message configure');
    await ann.press('Change phone number');
    const dialog = ann.dialog(PROOF);
    const code = ann.world.stack.secret(await prove(ann, person));
    await dialog.getByRole('textbox', { name: 'Code', exact: true }).pressSequentially(code);
    await dialog.getByRole('textbox', { name: 'Code', exact: true }).press('Enter');
    await ann.page.getByRole('heading', { name: 'New phone number' }).waitFor();
    await ann.reads(`Your current number +1 ••• ••${person.number.slice(-2)} keeps working until the new one is verified.`);

    const number = await savePhone(ann, newNumber());
    await oldStillWorks(person);
    const fresh = await textAfter(ann, number, () => ann.press('Send verification code'));
    await ann.enterCode('Verification code', fresh, 'Verify');
    await ann.hears('Success! Phone number removed');
    await ann.hears('The phone number is verified');

    await ann.press('Continue');
    await ann.sees('Profile details');
    await ann.reads(`+1 ••• ••${number.slice(-2)}`);
    await newOneWorks(ann, person, number);
  });
}

// In another browser, while the new number waits to be verified.
async function oldStillWorks(person) {
  const other = await Visitor.open(world);
  await other.launch(person.store, { user: person.user });
  const code = await textAfter(other, person.number, () => other.press('Send verification code'));
  await other.enterCode('Code', code, 'Verify');
  await other.sees('Hello, Ann Archer');
  other.judge();
  await other.close();
}

async function newOneWorks(ann, person, number) {
  await ann.signOut();
  await ann.sees('You are signed out');
  await ann.launch(person.store, { user: person.user });
  const code = await textAfter(ann, number, () => ann.press('Send verification code'));
  await ann.enterCode('Code', code, 'Verify');
  await ann.sees('Hello, Ann Archer');
}

scene(world, 'a change that is given up leaves everything as it was', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(`${ann.panel}/profile/phone`);
  await ann.press('Change phone number');
  await ann.dialog(PROOF).waitFor();
  await ann.page.keyboard.press('Escape');
  await ann.dialog(PROOF).waitFor({ state: 'detached' });
  await ann.reads('The phone number is verified');
  assert.equal(await ann.field('Phone number').count(), 0);
});

scene(world, 'the only method cannot be removed; with another one it can', async (ann) => {
  const person = await newPerson(world, { codes: true });
  await signIn(ann, person);
  await ann.page.goto(`${ann.panel}/profile/phone`);
  ann.expects(/^409 DELETE \/api\/phone$/);
  await ann.press('Remove phone number');
  const dialog = ann.dialog('Remove phone number');
  await dialog.getByRole('button', { name: 'Remove phone number' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'This is your only method. Set up another one first' }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await person.panel.setUpAuthenticator();
  await ann.page.reload();
  await ann.press('Remove phone number');
  await dialog.getByRole('button', { name: 'Remove phone number' }).click();
  await ann.hears('Success! Phone number removed');
  await ann.page.goto(`${ann.panel}/profile/authenticator`);
  await ann.press('Remove authenticator app');
  ann.expects(/^409 DELETE \/api\/authenticator$/);
  await ann.dialog('Remove authenticator app').getByRole('button', { name: 'Remove authenticator app' }).click();
  await ann.isWarned('This is your only method.');
});

scene(world, 'a new set of backup codes ends the old one', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  await ann.page.goto(`${ann.panel}/profile/backup-codes`);
  await ann.reads('9 backup codes left');
  await ann.press('Make a new set');
  await ann.dialog('Make a new set').getByRole('button', { name: 'Make a new set' }).click();
  const items = ann.page.getByRole('list', { name: 'Your ten backup codes' }).getByRole('listitem');
  await items.first().waitFor();
  const [made] = await items.getByRole('code').allTextContents();
  await ann.press('I saved my codes');
  await ann.sees('Profile details');
  await ann.signOut();
  await ann.sees('You are signed out');
  await ann.launch(person.store, { user: person.user });
  ann.expects(/^422 POST \/api\/second-step\/verify$/);
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.isWarned('That code is not right.');
  await ann.enterCode('Code', ann.world.stack.secret(made), 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'three codes left: the first page says what to do', async (ann) => {
  const person = await newPerson(world);
  for (let left = 9; left > 3; left -= 1) await person.panel.verify(person.codes.pop());
  await signIn(ann, person);
  await ann.reads('One thing to look after');
  await ann.reads('Only 3 backup codes are left. Make a new set before they are used up.');
  await ann.follow('Make backup codes');
  await ann.sees('Backup codes');
});
