// Goal: whoever's sign-in changes hears of it by mail, in their language, and nothing that anybody entered gets into a header.
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { story, expect, problem, until } from '../harness/suite.mjs';
import { Mail } from '../harness/mail.mjs';

const { stack, platform, db } = await story({});
const mail = new Mail(stack);
await mail.ready();
const store = await platform.store({ name: 'Blumen & Söhne' });
let people = 0;
const address = () => `person${++people}@shop.example`;

// Somebody new, who has just set up an authenticator.
async function person(more = {}, where = store) {
  const email = more.email ?? address();
  const browser = await where.launch({ user: { name: 'Ann Arbor', role: 'admin', email, ...more } });
  await browser.setUpAuthenticator();
  return { email, browser };
}
const states = () => db.rows(`select m.notice, m.state, m.attempts, m.reason from app.mails m order by m.at, m.mail_id`);
const stateFor = async (email) => (await db.rows(`select m.* from app.mails m join app.users u using (tenant_id, user_id) where u.email = $1 order by m.at`, email));

const SUBJECTS = {
  en: 'An authenticator app was added to your sign-in',
  de: 'Eine Authenticator-App wurde für Ihre Anmeldung eingerichtet',
  fr: 'Une application d’authentification a été ajoutée à votre connexion',
  es: 'Se ha añadido una aplicación de autenticación a su acceso',
  ru: 'Для вашего входа настроено приложение-аутентификатор',
};

for (const [locale, subject] of Object.entries(SUBJECTS)) {
  test(`ENR-3 a new method is told by mail, in the user's language (${locale})`, async () => {
    const { email } = await person({ locale });
    const [first] = await mail.until(email, 1);
    assert.equal(first.subject, subject);
    assert.ok(first.text.includes('Blumen & Söhne') && first.text.includes(`//${store.tenant.slug}.panel.localhost`), first.text);
    assert.deepEqual([first.headers.from, first.headers.to, first.from], ['Tillgate <notices@tillgate.localhost>', email, 'notices@tillgate.localhost']);
    assert.match(first.headers['message-id'], /^<mail_[0-9a-z]{26}@tillgate\.localhost>$/);
    assert.match(first.headers.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
    assert.equal(first.headers['auto-submitted'], 'auto-generated');
    assert.ok(first.tls, 'without TLS, though it was offered');
  });
}

test('ENR-3 new backup codes, a removed method and a lock are told, each once', async () => {
  const { email, browser } = await person();
  expect(await browser.call('POST', '/api/backup-codes'), 201);
  await mail.until(email, 2);
  await browser.setUpPhone();
  await mail.until(email, 3);
  expect(await browser.call('DELETE', '/api/phone'), 204);
  await mail.until(email, 4);
  await store.relaunch(browser, { user: { name: 'Ann Arbor', role: 'admin', email } });
  await db.rows(`update app.users set wrong_codes = 9 where email = $1`, email);
  assert.equal((await browser.call('POST', '/api/second-step/verify', { json: { code: 'AAAAA-AAAAA' } })).json.code, 'code_wrong');
  const mails = await mail.until(email, 5);
  assert.deepEqual(mails.map(({ subject }) => subject), [SUBJECTS.en, 'You have new backup codes', 'A phone number was added to your sign-in', 'A phone number was removed from your sign-in', 'Your sign-in is locked for a while']);
  const { locked_until } = await db.row(`select app.time(locked_until) as locked_until from app.users where email = $1`, email);
  assert.ok(mails[4].text.includes(locked_until.slice(0, 16).replace('T', ' ')), mails[4].text);
  assert.deepEqual([...new Set((await stateFor(email)).map(({ state }) => state))], ['sent']);
});

test('owners are told of the kill switch; others are not', async () => {
  const shop = await platform.store();
  const owner = await person({ role: 'owner' }, shop);
  const admin = await person({ role: 'admin' }, shop);
  await Promise.all([mail.until(owner.email, 1), mail.until(admin.email, 1)]);
  expect(await platform.call('PUT', '/v1/stops', { json: { scope: 'tenant', tenant: shop.tenant.id, stopped: true, reason: 'a test' } }), 200);
  const mails = await mail.until(owner.email, 2);
  assert.equal(mails[1].subject, 'Text messages are switched off');
  assert.ok(!mails[1].text.includes('a test'));
  assert.equal((await mail.to(admin.email)).length, 1);
});

test('nothing that was entered gets into a header', async () => {
  const user = (more) => ({ external_id: crypto.randomUUID(), name: 'Ann', role: 'admin', ...more });
  const launch = (more) => store.call('POST', '/v1/launches', { json: { user: user(more) } });
  for (const email of ['a@b.example\r\nBcc: all@x.example', 'a@b.example\nX: y', 'a b@c.example', 'a@b@c.example']) problem(await launch({ email }), 422, 'body_invalid', '/user/email');
  for (const name of ['Ann\r\nBcc: all@x.example', 'Ann\u0085']) problem(await launch({ name }), 422, 'body_invalid', '/user/name');
  problem(await platform.call('POST', '/v1/tenants', { json: { slug: 'header-shop', name: 'Shop\r\nBcc: all@x.example', country: 'US' } }), 422, 'body_invalid', '/name');

  // what is let in as an address, but is none for a mail server, gets nothing
  for (const email of ['a@b.example,c@d.example', '<a@b.example>', 'a@b.example>', '"a"@b.example', 'a@[127.0.0.1]', 'ä@b.example', 'a@b.example;x']) {
    const answer = await store.call('POST', '/v1/launches', { json: { user: user({ email }) } });
    if (answer.status === 422) continue;
    await person({ email });
    await until(`the notice to ${email} to be given up`, async () => (await stateFor(email)).some(({ state, reason }) => state === 'failed' && /address/.test(reason)));
  }

  // a name that got in some other way stays in one line of the body
  const shop = await platform.store();
  await db.rows(`update app.tenants set name = E'Shop\u2028Bcc: all@x.example\u2029Hello \u202Eevil' where slug = $1`, shop.tenant.slug);
  const { email } = await person({}, shop);
  const [first] = await mail.until(email, 1);
  assert.ok(first.text.includes('“Shop Bcc: all@x.example Hello evil”'), first.text);
  assert.deepEqual(Object.keys(first.headers), ['from', 'to', 'date', 'message-id', 'subject', 'auto-submitted', 'mime-version', 'content-type', 'content-transfer-encoding']);
  assert.deepEqual((await mail.all()).filter(({ to }) => !/^person\d+@shop\.example$/.test(to)), []);
});

test('a mail server that is down, slow or greylists is tried again; one that refuses for good is not', async () => {
  for (const fault of [{ stage: 'connect', drop: true }, { stage: 'connect', reply: '421 come back' }, { stage: 'to', reply: '451 greylisted' }, { stage: 'data', drop: true }, { stage: 'end', reply: '452 full' }]) {
    await mail.fault(fault);
    const { email } = await person();
    const [waiting] = await until(`a failure with ${JSON.stringify(fault)}`, async () => {
      const rows = await stateFor(email);
      return rows[0]?.reason && rows;
    });
    assert.deepEqual([waiting.state, waiting.attempts], ['queued', 1]);
    const wait = (waiting.due_at - waiting.at) / 1000;
    assert.ok(wait > 50 && wait < 120, `${wait} s`);
    await mail.hurry();
    assert.equal((await mail.until(email, 1)).length, 1);
  }
  await mail.fault({ stage: 'to', reply: '550 no such person' });
  const { email } = await person();
  const failed = await until('it to be given up', async () => (await stateFor(email)).find(({ state }) => state === 'failed'));
  assert.deepEqual([failed.attempts, failed.reason], [1, '550']);
  assert.deepEqual(await mail.to(email), []);
  await mail.fault();
});

test('it is given up after nearly a day', async () => {
  await mail.fault({ stage: 'connect', drop: true, times: -1 });
  const { email } = await person();
  for (let attempt = 1; attempt <= 9; attempt++) {
    await until(`try ${attempt}`, async () => (await stateFor(email)).some((row) => row.attempts === attempt && row.reason));
    if (attempt < 9) await mail.hurry();
  }
  assert.equal((await stateFor(email))[0].state, 'failed');
  await mail.fault();
});

test('nobody who is removed, or has no address, gets any', async () => {
  await mail.fault({ stage: 'connect', drop: true });
  const { email } = await person();
  await until('a failure', async () => (await stateFor(email))[0]?.reason);
  await db.rows(`update app.users set removed_at = now() where email = $1`, email);
  await mail.hurry();
  await until('it to be given up', async () => (await stateFor(email))[0].reason === 'nobody to mail');
  const before = (await states()).length;
  const browser = await store.launch({ user: { name: 'No Mail', role: 'admin' } });
  await browser.setUpAuthenticator();
  assert.equal((await states()).length, before);
  assert.deepEqual(await mail.to(email), []);
});

test('the server is killed between the mail and its record: sent again, under the same id', async () => {
  await mail.fault({ stage: 'end', delay_ms: 3000 });
  const { email } = await person();
  await until('the mail to be under way', async () => (await stateFor(email))[0].attempts === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await stack.killServer();
  await stack.startServer();
  await mail.until(email, 1);
  await mail.hurry(); // its lease ends
  const [first, second] = await mail.until(email, 2);
  assert.equal(second.headers['message-id'], first.headers['message-id']);
  await until('it to be recorded', async () => (await stateFor(email))[0].state === 'sent');
});
