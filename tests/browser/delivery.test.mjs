// What becomes of a text is told while it happens: underway, delivered, or not and why, with what else works.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { savePhone, textAfter } from './support/journeys.mjs';

const world = await openWorld();
const maple = await world.platform.store({ name: 'Maple & Pine', country: 'US', sms_countries: ['US', 'DE'] });

// A number that meets this error of Twilio's (ops/sandbox/twilio_codes.mjs).
function magic(code) {
  const area = ['201', '212', '415', '617', '702', '818'][crypto.randomInt(6)];
  return `+1${area}${crypto.randomInt(2, 6)}${crypto.randomInt(10)}${code}`;
}

for (const [code, title, what, why] of [
  [30003, 'a phone that is off', 'could not be delivered', 'The phone cannot be reached right now.'],
  [30007, 'a carrier that filters', 'could not be delivered', 'The phone’s network blocked the text.'],
  [30006, 'a landline', 'could not be delivered', 'This number cannot receive texts. Use a mobile number.'],
  [21614, 'a landline that Twilio refuses at once', 'could not be', 'This number cannot receive texts. Use a mobile number.'],
  [21610, 'a number that said STOP', 'could not be', 'This number has unsubscribed with STOP.'],
]) {
  scene(world, `${title} (${code}): the page says so`, async (ben) => {
    await ben.launch(maple, { user: { name: 'Ben Brooks', role: 'admin', locale: 'en' } });
    await ben.follow(/^Text message/);
    await savePhone(ben, magic(code));
    await ben.press('Send verification code');
    await ben.hears(new RegExp(what));
    await ben.hears(why);
  });
}

scene(world, 'a phone that cannot be reached at sign-in: the other methods are named, and work', async (ann) => {
  const person = await newPerson(world, { methods: ['sms', 'authenticator'] });
  await world.sandbox.fault({ kind: 'outcome', to: person.number, status: 'undelivered', error_code: 30003, times: 1 });
  await ann.launch(person.store, { user: person.user });
  await ann.press('Send verification code');
  await ann.hears(/could not be delivered/);
  await ann.hears('Meanwhile you can use a code from your authenticator app or a backup code.');
  await ann.enterCode('Code', person.codes[0], 'Verify');
  await ann.sees('Hello, Ann Archer');
});

scene(world, 'a text on its way says that it was sent, until it is delivered', async (ann) => {
  const person = await newPerson(world);
  await world.sandbox.fault({ kind: 'stall', to: person.number, at: 'sent', times: 1 });
  await ann.launch(person.store, { user: person.user });
  const before = (await world.sandbox.messagesTo(person.number)).length;
  await ann.press('Send verification code');
  await ann.hears(`Sent to +1 ••• ••${person.number.slice(-2)}. It should arrive any moment.`);
  await ann.hears('Meanwhile you can use a backup code.');
  const { sid } = await world.sandbox.nextMessage(person.number, before);
  await world.sandbox.callback(sid, 'delivered');
  await ann.hears(`Delivered to +1 ••• ••${person.number.slice(-2)}.`);
});

scene(world, 'Twilio is away: the page says within five seconds that texts are delayed', async (ann) => {
  const person = await newPerson(world);
  await world.sandbox.fault({ kind: 'status', to: person.number, status: 503, code: 20503, times: 2 });
  await ann.launch(person.store, { user: person.user });
  const begun = Date.now();
  await ann.press('Send verification code');
  await ann.hears('Texts are delayed at the moment.');
  assert.ok(Date.now() - begun < 5_000, `it took ${Date.now() - begun} ms`);
  await ann.hears('Meanwhile you can use a backup code.');
});

scene(world, 'too many texts: the reason, when it ends, and what works now', async (ann) => {
  const person = await newPerson(world, { methods: ['sms', 'authenticator'] });
  await ann.launch(person.store, { user: person.user });
  await world.db.rows(
    `update app.velocity set stamps = array(select now() - interval '1 minute' from generate_series(1, 5))
      where key like '%' || (select user_id from app.users where external_id = $1)::text`, person.user.external_id);
  ann.expects(/^429 POST \/api\/second-step\/send-code$/);
  await ann.press('Send verification code');
  await ann.isWarned(/many texts/);
  await ann.isWarned(/What works now: a code from your authenticator app or a backup code\./);
  await ann.page.getByRole('timer').filter({ hasText: /Try again in \d+:\d\d/ }).waitFor();
  assert.equal(await ann.button('Send verification code').count(), 1);
});
