// The documentation as people read it: from a phone to a wide screen, light and dark, with a keyboard, under its policy.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { operations } from '../harness/contract.mjs';
import { launchChromium, openWorld, PICTURES } from './support/world.mjs';

const { stack } = await openWorld();
const chromium = await launchChromium();
after(() => chromium.close());
const address = `http://${stack.hosts().api}/v1/docs`;

async function open(options = {}, path = '') {
  const context = await chromium.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('requestfailed', (request) => page.complaints.push(`failed: ${request.url()}`));
  page.on('response', (response) => response.status() >= 400 && page.complaints.push(`${response.status()} ${response.url()}`));
  await page.goto(address + path);
  return page;
}

for (const [name, width, height, colorScheme] of [['phone', 390, 844, 'light'], ['small', 320, 640, 'dark'], ['tablet', 1024, 768, 'light'], ['wide', 1440, 900, 'dark']]) {
  test(`${name}, ${colorScheme}: axe finds nothing, nothing scrolls sideways, the policy has nothing to report`, async () => {
    const page = await open({ viewport: { width, height }, colorScheme }, '#tenant_create');
    await page.screenshot({ path: `${PICTURES}/docs-${name}-${colorScheme}.png` });
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test('every operation has an anchor that leads to it, below what stays at the top', async () => {
  const page = await open({ viewport: { width: 1280, height: 800 } });
  for (const { id } of operations) {
    await page.evaluate((to) => { location.hash = to; }, id);
    const place = await page.evaluate((to) => {
      const { top } = document.getElementById(to).getBoundingClientRect();
      return { top, bar: document.querySelector('.top').getBoundingClientRect().bottom, atEnd: innerHeight + scrollY >= document.documentElement.scrollHeight - 2 };
    }, id);
    assert.ok(place.atEnd || (place.top >= place.bar && place.top < place.bar + 80), `${id}: ${JSON.stringify(place)}`);
  }
  await page.context().close();
});

test('with a keyboard: past the top to the content, to the contents, and to an operation', async () => {
  const page = await open({ viewport: { width: 1280, height: 800 } });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  assert.ok(await page.evaluate(() => document.activeElement.getBoundingClientRect().top >= 0), 'it is seen');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Contents');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.querySelector('nav').contains(document.activeElement)), 'the next stop is in the contents');
  await page.locator('nav a[href="#launch_create"]').focus();
  await page.keyboard.press('Enter');
  assert.equal(new URL(page.url()).hash, '#launch_create');
  await page.context().close();
});

test('what is folded away is found by the browser and opens with a keyboard', async () => {
  const page = await open({}, '#tenant_read');
  const details = page.locator('#tenant_read details');
  await details.locator('summary').focus();
  await page.keyboard.press('Enter');
  assert.equal(await details.getAttribute('open'), '');
  assert.ok(await details.locator('.name', { hasText: 'code_life_seconds' }).isVisible());
  await page.context().close();
});
