// First sign-in without a mouse: every stop can be seen, and Tab, Enter and Space are enough.
import assert from 'node:assert/strict';
import { newNumber } from '../harness/suite.mjs';
import { openWorld, scene } from './support/world.mjs';
import { textAfter } from './support/journeys.mjs';

const world = await openWorld();
const maple = await world.platform.store({ name: 'Maple & Pine', country: 'US' });

scene(world, 'the first sign-in by text message with the keyboard alone', async (ann) => {
  await ann.launch(maple, { user: { name: 'Ann Archer', role: 'owner', locale: 'en' } });
  await ann.sees('Protect your sign-in');
  await press(ann, /^Text message/, 'Enter');
  await ann.sees('2-step authentication via SMS/text messages');
  assert.equal(await focusedName(ann), '2-step authentication via SMS/text messages', 'the new screen is not read out');

  const number = newNumber();
  await tabTo(ann, /^Phone number/);
  await ann.page.keyboard.type(number);
  await press(ann, /^Save$/, 'Space');
  await ann.hears('The phone number is not verified');
  const code = await textAfter(ann, number, () => press(ann, /^Send verification code$/, 'Enter'));
  await ann.field('Verification code').waitFor();
  assert.match(await focusedName(ann), /^Verification code/, 'the field that appeared does not have the focus');
  await ann.page.keyboard.type(code);
  await ann.page.keyboard.press('Enter');
  await ann.hears('The phone number is verified');
  await press(ann, /^Continue$/, 'Enter');
  await ann.sees('Backup codes');
  await ann.page.getByRole('listitem').first().waitFor();
  await press(ann, /^I saved my codes$/, 'Enter');
  await ann.sees('Hello, Ann Archer');

  await press(ann, /^Profile$/, 'Enter');
  await press(ann, /^View details$/, 'Enter');
  await ann.sees('Profile details');
  await press(ann, /^SMS\/Text message configure$/, 'Enter');
  await ann.sees('2-step authentication via SMS/text messages');
  await press(ann, /^Change phone number$/, 'Enter');
  await ann.dialog('First, prove it’s you').waitFor();
  for (let i = 0; i < 12; i += 1) {
    await ann.page.keyboard.press('Tab');
    assert.ok(await ann.page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), 'the focus left the dialog');
  }
  await ann.page.keyboard.press('Escape');
  await ann.dialog('First, prove it’s you').waitFor({ state: 'detached' });
  assert.equal(await focusedName(ann), 'Change phone number', 'the focus did not come back');

  await press(ann, /^Profile$/, 'Enter');
  await press(ann, /^Sign out$/, 'Space');
  await ann.sees('You are signed out');
});

scene(world, 'the first Tab leads past the header', async (ann) => {
  await ann.launch(maple, { user: { name: 'Ben Brooks', role: 'admin', locale: 'en' } });
  await ann.sees('Protect your sign-in');
  await ann.page.keyboard.press('Tab');
  assert.equal(await focusedName(ann), 'Skip to content');
  await ann.page.keyboard.press('Enter');
  await ann.page.keyboard.press('Tab');
  assert.match(await focusedName(ann), /^Authenticator app/);
});

async function press(visitor, name, key) {
  await tabTo(visitor, name);
  await visitor.page.keyboard.press(key);
}

// Tabs on until what has the focus is called so; wherever it stops it must be seen.
async function tabTo(visitor, name) {
  for (let stop = 0; stop < 40; stop += 1) {
    await visitor.page.keyboard.press('Tab');
    const focused = await look(visitor);
    if (!focused) continue;
    assert.ok(focused.seen, `the focus cannot be seen on "${focused.name}"`);
    if (name.test(focused.name)) return;
  }
  assert.fail(`no way with Tab to ${name}`);
}

async function focusedName(visitor) {
  return (await look(visitor))?.name;
}

async function look(visitor) {
  return visitor.page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const name = element.getAttribute('aria-label') ?? (element.labels?.[0] ?? element).innerText ?? '';
    return {
      name: name.trim().replace(/\s+/g, ' '),
      seen: box.width > 0 && box.height > 0 && element.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
  });
}
