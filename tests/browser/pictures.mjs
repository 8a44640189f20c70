// The picture of the README: three screens of a first sign-in side by side. node tests/browser/pictures.mjs [OUT.png]
import fs from 'node:fs';
import { ROOT } from '../harness/paths.mjs';
import { startStack } from '../harness/stack.mjs';
import { Platform } from '../harness/clients.mjs';
import { Sandbox } from '../harness/sandbox.mjs';
import { openOutside } from './support/outside.mjs';
import { launchChromium } from './support/world.mjs';
import { Visitor } from './support/visitor.mjs';
import { readBackupCodes, savePhone, textAfter } from './support/journeys.mjs';

const OUT = process.argv[2] ?? `${ROOT}/web/screenshots/first-sign-in.png`;
const PHONE = { width: 390, height: 760 };

const stack = await startStack({ edge: true });
const world = { stack, platform: new Platform(stack), sandbox: new Sandbox(stack), db: stack.db, outside: await openOutside(), chromium: await launchChromium() };
try {
  const screens = await firstSignIn();
  fs.mkdirSync(OUT.slice(0, OUT.lastIndexOf('/')), { recursive: true });
  await compose(screens, OUT);
  console.log(`${OUT}: ${fs.statSync(OUT).size} bytes`);
} finally {
  await world.chromium.close();
  world.outside.close();
  await stack.abandon();
}

async function firstSignIn() {
  const ann = await Visitor.open(world, { ...PHONE, context: { deviceScaleFactor: 1.25 } });
  const shots = [];
  const shoot = async () => shots.push(await ann.page.screenshot({ caret: 'hide', animations: 'disabled' }));
  const store = await world.platform.store({ name: 'Acme Toys', country: 'US' });
  await ann.launch(store, { user: { name: 'Ann Archer', email: 'ann@acme-toys.example', role: 'owner', locale: 'en' } });
  await ann.sees('Protect your sign-in');
  await shoot();
  await ann.follow(/^Text message/);
  const number = await savePhone(ann, '+12015550123');
  const code = await textAfter(ann, number, () => ann.press('Send verification code'));
  await ann.hears(/Delivered to/);
  await ann.field('Verification code').pressSequentially(code.slice(0, 4));
  await shoot();
  await ann.field('Verification code').pressSequentially(code.slice(4));
  await ann.hears('The phone number is verified');
  await ann.press('Continue');
  await readBackupCodes(ann);
  await ann.press('I saved my codes');
  await ann.sees('Hello, Ann Archer');
  await shoot();
  await ann.close();
  return shots;
}

async function compose(shots, out) {
  const page = await world.chromium.newPage({ viewport: { width: 1200, height: 100 }, deviceScaleFactor: 1.25 });
  const phones = shots.map((png) => `<img alt="" src="data:image/png;base64,${png.toString('base64')}">`).join('');
  await page.setContent(`<style>
    body { margin: 0; }
    #stage { display: flex; gap: 36px; justify-content: center; padding: 40px 36px; background: #e7ece4; }
    img { width: 344px; border-radius: 26px; border: 7px solid #1a2724; box-shadow: 0 10px 24px rgb(16 28 25 / 20%); }
  </style><div id="stage">${phones}</div>`);
  await page.locator('#stage').screenshot({ path: out });
}
