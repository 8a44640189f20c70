import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { suite, problem, expect, newNumber, until } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';

const { SegmentedMessage } = createRequire(import.meta.url)('sms-segments-calculator');
const { platform, sandbox, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();

const magic = (code) => `${newNumber().slice(0, -5)}${code}`;

async function ask(number, shop = store) {
  const browser = await shop.launch();
  expect(await browser.savePhone(number), 200);
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  return { browser, id, read: async () => expect(await browser.call('GET', `/api/challenges/${id}`), 200) };
}

const ended = ({ read }, ...words) => until(`delivery ${words}`, async () => {
  const challenge = await read();
  return words.includes(challenge.delivery) && challenge;
});

describe('what goes to Twilio', () => {
  test('PRV-2 OOB-9 is a form with all it needs and nothing more', async () => {
    const { browser, id, read } = await ask(newNumber());
    const challenge = await ended({ read }, 'delivered');
    const [message] = (await sandbox.messages()).filter((one) => one.body.includes(store.tenant.slug) && new URL(one.callback)).slice(-1);
    const sent = message.parameters;
    assert.deepEqual(Object.keys(sent).sort(), ['AddressRetention', 'Body', 'ContentRetention', 'MessagingServiceSid', 'ProvideFeedback', 'StatusCallback', 'To', 'ValidityPeriod']);
    assert.deepEqual([sent.ContentRetention, sent.AddressRetention, sent.ProvideFeedback], ['discard', 'obfuscate', 'true']);
    assert.ok(Number(sent.ValidityPeriod) > 280 && Number(sent.ValidityPeriod) <= 300, sent.ValidityPeriod);
    assert.match(sent.StatusCallback, /\/hooks\/twilio\/tenant_[0-9a-z]{26}\/send_[0-9a-z]{26}\/[0-9a-f]{32}$/);
    assert.ok(challenge.id === id && browser);
  });

  test('ValidityPeriod is what is left of the code when it is sent again', async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await browser.textMe('/api/phone/send-code', number);
    await pass(db, browser, '100 seconds');
    const { message } = await browser.textMe('/api/phone/send-code', number);
    assert.ok(Number(message.parameters.ValidityPeriod) <= 200, message.parameters.ValidityPeriod);
  });

  for (const [locale, name] of [['en', 'Acme Toys'], ['de', 'Blumen Berg'], ['en', 'Ünïcødé & Söhne GmbH & Co. KG – Gärtnerei „Am Berg“ in der Lüneburger Heide'], ['de', '日本のおもちゃ'], ['en', 'evil.example/login']]) {
    test(`OOB-9 one GSM-7 segment for ${name.slice(0, 24)} in ${locale}, with the origin-bound last line and no link`, async () => {
      const shop = await platform.store({ locale, name });
      const browser = await shop.launch({ user: { name: 'A', role: 'owner', locale } });
      const number = newNumber();
      await browser.savePhone(number);
      const { message, code } = await browser.textMe('/api/phone/send-code', number);
      const oracle = new SegmentedMessage(message.body);
      assert.deepEqual([oracle.encodingName, oracle.segmentsCount], ['GSM-7', 1], message.body);
      const host = `${shop.tenant.slug}.panel.localhost`;
      assert.equal(message.body.split('\n').at(-1), `@${host} #${code}`);
      assert.ok(message.body.startsWith(code));
      assert.ok(!/https?:|www\.|\.example/.test(message.body.replace(host, '')), message.body);
      assert.match(message.body, locale === 'de' ? /Niemals weitergeben/ : /Never share/);
    });
  }
});

describe('d.7 what Twilio answers', () => {
  // reason as the panel gets it; rests: whether the number is then suppressed
  const refused = { 21211: ['number_invalid', true], 21217: ['number_invalid', true], 21408: ['region_off', false], 21610: ['opted_out', true],
    21612: ['unreachable', false], 21614: ['landline', true] };
  for (const [code, [reason, rests]] of Object.entries(refused)) {
    test(`${code} on the post: ${reason}, sent no more${rests ? ', the number rests' : ''}`, async () => {
      const asked = await ask(magic(code));
      const challenge = await ended(asked, 'refused', 'failed');
      assert.equal(challenge.reason, reason);
      const again = await asked.browser.call('POST', '/api/phone/send-code');
      if (rests) problem(again, 422, 'number_suppressed');
      else expect(again, 202);
    });
  }

  const later = { 30003: ['undelivered', 'unreachable'], 30004: ['undelivered', 'blocked'], 30007: ['undelivered', 'blocked'], 30005: ['undelivered'], 30006: ['undelivered', 'landline'],
    30008: ['undelivered', 'unknown'], 30450: ['undelivered'] };
  for (const [code, [delivery, reason]] of Object.entries(later)) {
    test(`${code} in a callback: ${delivery}${reason ? `, ${reason}` : ''}; the user may ask again at once`, async () => {
      const asked = await ask(magic(code));
      const challenge = await ended(asked, delivery);
      if (reason) assert.equal(challenge.reason, reason);
      expect(await asked.browser.call('POST', '/api/phone/send-code'), 202);
    });
  }

  test('30005 twice rests the number; 30036 says that it expired', async () => {
    const number = magic(30005);
    const asked = await ask(number);
    await ended(asked, 'undelivered');
    expect(await asked.browser.call('POST', '/api/phone/send-code'), 202);
    await until('the second failure', async () => (await sandbox.messagesTo(number)).filter((one) => one.status === 'undelivered').length === 2);
    await until('the number to rest', async () => (await asked.browser.call('POST', '/api/phone/send-code')).json?.code === 'number_suppressed');
    await ended(await ask(magic(30036)), 'expired');
  });

  test('FLT-8 429 is certainly not processed: tried again, sent once', async () => {
    const number = newNumber();
    await sandbox.fault({ kind: 'status', status: 429, code: 20429, to: number, times: 2 });
    await ended(await ask(number), 'delivered');
    assert.equal((await sandbox.messagesTo(number)).length, 1);
  });

  test('a phone that rests is refused at every store', async () => {
    const number = magic(21610);
    await ended(await ask(number), 'refused', 'failed');
    const other = await (await platform.store()).launch();
    expect(await other.savePhone(number), 200);
    problem(await other.call('POST', '/api/phone/send-code'), 422, 'number_suppressed');
  });
});

describe('test mode', () => {
  test('a session of a test key never reaches Twilio, and says delivered', async () => {
    const shop = await platform.store({}, { mode: 'test' });
    const number = newNumber();
    const challenge = await ended(await ask(number, shop), 'delivered');
    assert.equal(challenge.sends, 1);
    assert.deepEqual(await sandbox.messagesTo(number), []);
  });
});
