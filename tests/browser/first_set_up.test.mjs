// First set-up beyond the plain way: the authenticator with its QR code, in German, numbers that cannot be, a page that is left half-way.
import assert from 'node:assert/strict';
import jsQR from 'jsqr';
import { newNumber, wrongCode } from '../harness/suite.mjs';
import { totp } from '../harness/totp.mjs';
import { openWorld, scene } from './support/world.mjs';
import { DemoStore, Phones } from './support/store.mjs';
import { checkAuthenticator, countTexts, readBackupCodes, readKey, savePhone, textAfter, verifyPhone } from './support/journeys.mjs';

const world = await openWorld();
const maple = await world.platform.store({ name: 'Maple & Pine', country: 'US', sms_countries: ['US', 'DE'] });
const newcomer = () => ({ user: { name: 'Ben Brooks', role: 'admin', locale: 'en' } });

scene(world, 'the authenticator: QR code, key, clocks, a wrong code, then Check', async (ben) => {
  const store = new DemoStore(ben, 'acme-toys', 'en');
  await store.enter('Ben Brooks');
  await store.openPanel();
  await ben.sees('Protect your sign-in');
  await ben.follow(/^Authenticator app/);
  await ben.sees('Authenticator app');
  const uri = await readQr(ben);
  const secret = await readKey(ben);
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(uri.searchParams.get('secret'), secret);
  assert.equal(uri.searchParams.get('issuer') ?? '', decodeURIComponent(uri.pathname).match(/([^/:]*):/)?.[1] ?? '');
  assert.match(decodeURIComponent(uri.href), /Acme Toys/);
  await ben.reads('Server time');
  await ben.reads('The clocks agree.');
  await ben.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: ben.panel });
  await ben.press('Copy key');
  assert.equal(await ben.page.evaluate(() => navigator.clipboard.readText()), secret);

  ben.expects(/^422 POST \/api\/authenticator\/check$/);
  await ben.type('Code from the app', wrongCode(totp(secret, Date.now() / 1000)));
  await ben.isWarned('That code is not right. Check it and enter it again.');
  await checkAuthenticator(ben, secret);
  await ben.hears('The authenticator app is set up.');
  await ben.sees('Backup codes');
  await readBackupCodes(ben);
  await ben.press('I saved my codes');
  await ben.sees('Hello, Ben Brooks');
});

scene(world, 'the key hides itself after half a minute', async (ben) => {
  await ben.page.clock.install();
  await ben.launch(maple, newcomer());
  await ben.follow(/^Authenticator app/);
  const secret = await readKey(ben);
  await ben.page.getByRole('timer').filter({ hasText: 'Hidden again in' }).waitFor();
  await ben.page.clock.fastForward(31_000);
  await ben.button('Can’t scan it? Show the key').waitFor();
  assert.ok(!(await ben.page.locator('body').innerText()).replaceAll(' ', '').includes(secret), 'the key is still on the screen');
});

scene(world, 'Anna of Blumen Berg signs in for the first time, in German', async (anna) => {
  const phones = await Phones.open(anna);
  const store = new DemoStore(anna, 'blumen-berg', 'de');
  await store.enter('Anna Berg');
  await store.openPanel();
  await anna.sees('Schützen Sie Ihre Anmeldung');
  assert.equal(await anna.page.evaluate(() => document.documentElement.lang), 'de');
  await anna.follow(/^SMS/);
  assert.equal(await anna.page.getByRole('combobox', { name: 'Land' }).inputValue(), 'DE');
  const number = newNumber('DE');
  await anna.type('Telefonnummer', number.replace('+49', '0'));
  await anna.press('Speichern');
  await anna.hears('Die Telefonnummer ist nicht bestätigt');
  const { code, text } = await phones.codeAfter(number, () => anna.press('Bestätigungscode senden'));
  assert.match(text, /^\d{6} bestätigt Ihr Telefon für Blumen Berg\. Gültig 5 Min\./);
  await anna.hears(/Zugestellt an/);
  await anna.enterCode('Bestätigungscode', code, 'Bestätigen');
  await anna.hears('Die Telefonnummer ist bestätigt');
  await anna.press('Weiter');
  await anna.sees('Backup-Codes');
  await readBackupCodes(anna);
  await anna.press('Ich habe meine Codes gespeichert');
  await anna.sees('Hallo Anna Berg');
}, { locale: 'de', scheme: 'dark' });

scene(world, 'numbers that cannot be are refused at their field, and nothing is saved or sent', async (ben) => {
  await ben.launch(maple, newcomer());
  await ben.follow(/^Text message/);
  ben.expects(/^422 PUT \/api\/phone$/);
  const cases = [
    ['', 'Enter your phone number.'],
    ['12345', 'This number is too short.'],
    ['(201) 155-0123', 'This is not a phone number of United States.'],
    ['+1 900 234 5678', 'Codes cannot be sent to numbers of this kind.'],
    ['+44 7400 123456', 'Your store does not send texts to this country.'],
  ];
  for (const [number, complaint] of cases) {
    await ben.type('Phone number', number);
    await ben.press('Save');
    await ben.isWarned(complaint);
    assert.equal(await ben.field('Phone number').getAttribute('aria-invalid'), 'true');
    assert.equal(await ben.field('Phone number').inputValue(), number, 'what was typed is gone');
  }
  assert.equal((await ben.page.evaluate(async () => (await fetch('/api/session')).json())).phone, null);
});

scene(world, 'a mistyped number is replaced before it is verified', async (ben) => {
  await ben.launch(maple, newcomer());
  await ben.follow(/^Text message/);
  await savePhone(ben);
  await ben.press('Use another number');
  const number = await savePhone(ben);
  await verifyPhone(ben, number);
});

scene(world, 'a page that was left or loaded again goes on where it was; nothing is sent twice', async (ben) => {
  await ben.launch(maple, newcomer());
  await ben.follow(/^Text message/);
  const number = await savePhone(ben);
  const code = await textAfter(ben, number, () => ben.press('Send verification code'));
  await ben.page.reload();
  await ben.field('Verification code').waitFor();
  await ben.page.goBack();
  await ben.sees('Protect your sign-in');
  await ben.page.goForward();
  await ben.field('Verification code').waitFor();
  assert.equal(await countTexts(ben, number), 1);
  await ben.enterCode('Verification code', code, 'Verify');
  await ben.hears('The phone number is verified');
});

scene(world, 'a wrong code says how many tries are left; after five a new one is needed', async (ben) => {
  await ben.launch(maple, newcomer());
  await ben.follow(/^Text message/);
  const number = await savePhone(ben);
  const code = await textAfter(ben, number, () => ben.press('Send verification code'));
  ben.expects(/^422 POST \/api\/phone\/verify$/);
  for (const left of ['4 tries left.', '3 tries left.', '2 tries left.', '1 try left.']) {
    await ben.field('Verification code').fill(wrongCode(code));
    await ben.field('Verification code').press('Enter');
    await ben.isWarned(`That code is not right. Check it and enter it again. ${left}`);
  }
  await ben.type('Verification code', wrongCode(code));
  await ben.isWarned('Too many wrong tries for this code. Ask for a new one.');
  await ben.hears('Too many wrong tries for this code. Ask for a new one.');
  await ben.type('Verification code', code);
  await ben.page.waitForResponse((response) => response.url().endsWith('/api/phone/verify'));
  await ben.isWarned('Too many wrong tries for this code. Ask for a new one.');
});

// Reads the QR code as a phone's camera would: from the pixels on the screen.
async function readQr(visitor) {
  const image = visitor.page.getByRole('img', { name: 'QR code for your authenticator app' });
  const png = (await image.screenshot()).toString('base64');
  const blank = await visitor.context.newPage();
  const { data, width, height } = await blank.evaluate(async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const image = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
    return { data: [...image.data], width: bitmap.width, height: bitmap.height };
  }, png);
  await blank.close();
  const found = jsQR(Uint8ClampedArray.from(data), width, height);
  assert.ok(found, 'the QR code cannot be read');
  return new URL(found.data);
}
