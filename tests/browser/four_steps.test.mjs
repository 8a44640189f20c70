// The whole way of a newcomer: from the demo store's Settings > Advanced to a changed phone number. One person, four steps.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { newNumber } from '../harness/suite.mjs';
import { openWorld, scene } from './support/world.mjs';
import { DemoStore, Phones } from './support/store.mjs';
import { countTexts, checkAuthenticator, readBackupCodes, readKey } from './support/journeys.mjs';
import { Authenticator } from './support/people.mjs';

const world = await openWorld();

scene(world, 'Ann of Acme Toys: text message, later launches, profile, a new number', async (ann) => {
  const phones = await Phones.open(ann);
  const store = new DemoStore(ann, 'acme-toys', 'en');

  // 1. One click in the store.
  await store.enter('Ann Archer');
  await store.openPanel();
  await ann.sees('Protect your sign-in');
  assert.equal(ann.page.url(), `${store.panel}/`, 'nothing of the ticket is in the address');
  await ann.reads('Acme Toys');

  // 2. First launch, by text message. Nothing is sent before it is asked for.
  const number = newNumber();
  await setUpByText(ann, phones, number);
  const codes = await saveBackupCodes(ann);
  await ann.sees('Hello, Ann Archer');
  await ann.reads('Your sign-in is well protected');

  // 3. Later launches: a texted code, then a backup code, in the same field; the device that is remembered, and forgotten.
  await ann.signOut();
  await ann.sees('You are signed out');
  await store.openPanel();
  await ann.sees('Confirm it’s you');
  await ann.reads('as Ann Archer');
  const texts = await countTexts(ann, number);
  await ann.page.reload();
  await ann.sees('Confirm it’s you');
  assert.equal(await countTexts(ann, number), texts, 'a text went out by itself');
  const { code } = await phones.codeAfter(number, () => ann.press('Send verification code'));
  await ann.enterCode('Code', code, 'Verify');
  await ann.sees('Hello, Ann Archer');

  await ann.signOut();
  await ann.sees('You are signed out');
  await store.openPanel();
  await ann.sees('Confirm it’s you');
  await ann.page.getByRole('checkbox', { name: /Skip this for two weeks/ }).check();
  await ann.enterCode('Code', codes[0].toLowerCase(), 'Verify');
  await ann.sees('Hello, Ann Archer');

  await ann.signOut();
  await ann.sees('You are signed out');
  await store.openPanel();
  await ann.sees('Hello, Ann Archer');
  await ann.chooses('View details');
  await ann.sees('Profile details');
  await ann.press('Clear device data');
  await ann.hears('Device data cleared.');
  await ann.reads('No device skips the second step.');
  await ann.signOut();
  await ann.sees('You are signed out');
  await store.openPanel();
  await ann.sees('Confirm it’s you');
  await ann.enterCode('Code', codes[1], 'Verify');
  await ann.sees('Hello, Ann Archer');

  // 4. Profile > View details: the authenticator as well, preferred; then a new number.
  await ann.chooses('View details');
  await ann.follow('Authenticator app configure');
  await ann.press('Set up authenticator app');
  const secret = await readKey(ann);
  const app = new Authenticator(secret);
  await checkAuthenticator(ann, secret);
  await ann.hears('The authenticator app is set up.');
  await ann.sees('Profile details');
  await ann.press('Set this method as preferable');
  await ann.hears('Authenticator app is now asked for first.');

  await ann.signOut();
  await ann.sees('You are signed out');
  await store.openPanel();
  await ann.sees('Confirm it’s you');
  await ann.reads('Open your authenticator app and enter the 6-digit code.');
  await ann.enterCode('Code', ann.world.stack.secret(app.code(1)), 'Verify');
  await ann.sees('Hello, Ann Archer');

  await changeNumber(ann, phones, number, codes[2]);
});

async function setUpByText(ann, phones, number) {
  await ann.follow(/^Text message/);
  await ann.sees('2-step authentication via SMS/text messages');
  assert.equal(await ann.page.getByRole('combobox', { name: 'Country' }).inputValue(), 'US');
  await ann.type('Phone number', national(number));
  await ann.press('Save');
  await ann.hears('The phone number is not verified');
  await ann.page.reload();
  await ann.hears('The phone number is not verified');
  assert.equal(await countTexts(ann, number), 0, 'a text went out before it was asked for');

  const { code, text, milliseconds } = await phones.codeAfter(number, () => ann.press('Send verification code'));
  assert.match(text, /Acme Toys/);
  assert.ok(text.endsWith(`@${new URL(ann.panel).hostname} #${code}`), `no line that browsers fill in from: ${text}`);
  assert.ok(milliseconds < 1000, `the text took ${milliseconds} ms to the phone`);
  assert.equal(await countTexts(ann, number), 1);
  assert.equal(await ann.button('Send verification code').count(), 0, 'the button stays beside the field');
  await ann.hears(new RegExp(`Delivered to .*${number.slice(-2)}`));
  await ann.page.getByRole('timer').filter({ hasText: /^Send again in \d:\d\d$/ }).waitFor();

  await ann.enterCode('Verification code', code, 'Verify');
  await ann.hears('The phone number is verified');
  await ann.press('Continue');
}

async function saveBackupCodes(ann) {
  await ann.sees('Backup codes');
  const codes = await readBackupCodes(ann);
  for (const code of codes) assert.match(code, /^[A-Z0-9]{5}-[A-Z0-9]{5}$/);
  assert.equal(new Set(codes).size, 10);

  await ann.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: ann.panel });
  await ann.press('Copy');
  await ann.hears('Copied');
  assert.equal(await ann.page.evaluate(() => navigator.clipboard.readText()), codes.join('\n'));

  const download = ann.page.waitForEvent('download');
  await ann.press('Download');
  const file = await download;
  assert.equal(file.suggestedFilename(), 'tillgate-backup-codes-acme-toys.txt');
  const kept = fs.readFileSync(await file.path(), 'utf8');
  assert.match(kept, /^Tillgate backup codes for Acme Toys\r\nAnn Archer, made on /);
  for (const code of codes) assert.ok(kept.includes(`\r\n${code}\r\n`));

  await ann.page.evaluate(() => (window.print = () => (document.body.dataset.printed = 'yes')));
  await ann.press('Print');
  assert.equal(await ann.page.evaluate(() => document.body.dataset.printed), 'yes');

  await ann.press('I saved my codes');
  return codes;
}

async function changeNumber(ann, phones, old, proof) {
  const number = newNumber();
  await ann.chooses('View details');
  await ann.follow('SMS/Text message configure');
  await ann.press('Change phone number');
  const dialog = ann.dialog('First, prove it’s you');
  await dialog.getByRole('textbox', { name: 'Code', exact: true }).fill(proof);
  await dialog.getByRole('button', { name: 'Verify', exact: true }).click();
  await ann.page.getByRole('heading', { name: 'New phone number' }).waitFor();
  await ann.type('Phone number', number);
  await ann.press('Save');
  await ann.hears('The phone number is not verified');

  // The old number is the one that counts until the new one is verified: another browser proves it.
  const { code } = await phones.codeAfter(number, () => ann.press('Send verification code'));
  const session = await ann.page.evaluate(async () => (await fetch('/api/session')).json());
  assert.match(session.phone.hint, new RegExp(`${old.slice(-2)}$`));
  await ann.enterCode('Verification code', code, 'Verify');
  await ann.hears('Success! Phone number removed');
  await ann.hears('The phone number is verified');
  await ann.reads(new RegExp(`Codes for signing in are texted to .*${number.slice(-2)}`));
}

// As people write it: (201) 234-5678
function national(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3');
}
