// Ways that people go through the panel, in whatever language it speaks to them.
import assert from 'node:assert/strict';
import { codeOf, newNumber } from '../../harness/suite.mjs';
import { totp } from '../../harness/totp.mjs';
import { setRows } from '../../harness/clock.mjs';

// ------------------------------------------------------------------ texts

export async function countTexts(visitor, number) {
  return (await visitor.world.sandbox.messagesTo(number)).length;
}

// Does what makes a text go out, and answers its code.
export async function textAfter(visitor, number, act) {
  const before = await countTexts(visitor, number);
  await act();
  return visitor.world.stack.secret(codeOf(await visitor.world.sandbox.nextMessage(number, before)));
}

// ------------------------------------------------------------------ first set-up

export async function savePhone(visitor, number = newNumber()) {
  visitor.world.stack.secret(number);
  await visitor.type(visitor.say('phone_number'), number);
  await visitor.press(visitor.say('save'));
  await visitor.hears(visitor.say('phone_unverified'));
  return number;
}

export async function verifyPhone(visitor, number) {
  const code = await textAfter(visitor, number, () => visitor.press(visitor.say('send_code')));
  await visitor.enterCode(visitor.say('phone_code'), code, visitor.say('verify'));
  await visitor.reads(visitor.say('phone_verified'));
}

// Reads the key from the screen and answers it.
export async function readKey(visitor) {
  await visitor.press(visitor.say('auth_show_key'));
  const key = await visitor.page.getByLabel(visitor.say('auth_key')).textContent();
  return visitor.world.stack.secret(key.replaceAll(' ', ''));
}

export async function checkAuthenticator(visitor, secret) {
  const code = visitor.world.stack.secret(totp(secret, Date.now() / 1000));
  await visitor.enterCode(visitor.say('auth_code'), code, visitor.say('auth_check'));
}

export async function readBackupCodes(visitor) {
  const items = visitor.page.getByRole('list', { name: visitor.say('backup_list') }).getByRole('listitem');
  await items.first().waitFor();
  const codes = await items.getByRole('code').allTextContents();
  codes.forEach((code) => visitor.world.stack.secret(code));
  assert.equal(codes.length, 10);
  return codes;
}

// ------------------------------------------------------------------ second step

export async function signIn(visitor, person, what = {}) {
  await visitor.launch(person.store, { user: person.user, ...what });
  await visitor.sees(visitor.say('step_title'));
  await spendBackupCode(visitor, person);
  await visitor.sees(visitor.say('home_title', { user: person.user.name }));
}

export async function spendBackupCode(visitor, person) {
  await visitor.enterCode(visitor.say('code_label'), person.codes.shift(), visitor.say('verify'));
}

// Types a code into a dialog that asks for one.
export async function proveInDialog(visitor, title, code) {
  const dialog = visitor.dialog(title);
  const field = dialog.getByRole('textbox', { name: visitor.say('code_label'), exact: true });
  await field.fill('');
  await field.pressSequentially(code);
  await dialog.getByRole('button', { name: visitor.say('verify'), exact: true }).click({ timeout: 2_000 }).catch(() => {});
  await dialog.waitFor({ state: 'detached' });
}

// ------------------------------------------------------------------ time

// The second step of this visitor's session was this long ago.
export async function ageSecondStep(visitor, interval) {
  await setRows(visitor.world.db, await visitor.asRows(), 'sessions', `second_step_at = now() - interval '${interval}'`, 'second_step_at is not null');
}
