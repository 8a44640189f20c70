import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, newNumber, until } from '../harness/suite.mjs';
import { Twilio, fieldsOf } from '../harness/twilio.mjs';

const { stack, platform, sandbox, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const twilio = new Twilio(stack);

// A text that was posted and of which nobody has heard since.
async function silent() {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await sandbox.fault({ kind: 'callbacks', none: true, to: browser.number }, { kind: 'stall', at: 'queued', to: browser.number });
  const challenge = await browser.textMe();
  const delivery = async () => expect(await browser.call('GET', `/api/challenges/${challenge.id}`), 200);
  await until('the post to be recorded', async () => (await delivery()).delivery === 'sent');
  return { message: challenge.message, delivery };
}

describe('send_callback refuses', () => {
  test('FLT-12 a missing, wrong, empty or other token\'s signature', async () => {
    const { message, delivery } = await silent();
    const fields = fieldsOf(message, 'delivered');
    for (const signature of [null, '', 'x', Buffer.alloc(20).toString('base64'), Buffer.alloc(32).toString('base64')]) {
      problem(await twilio.post(message, fields, { signature }), 403, 'signature_refused');
    }
    problem(await twilio.post(message, fields, { token: 'another token' }), 403, 'signature_refused');
    assert.equal((await delivery()).delivery, 'sent');
  });

  test('FLT-12 a changed, added or removed field, and a signature over another address', async () => {
    const { message, delivery } = await silent();
    const fields = fieldsOf(message, 'delivered');
    const { SmsStatus: _, ...fewer } = fields;
    for (const sent of [{ ...fields, MessageStatus: 'failed' }, { ...fields, Extra: '1' }, fewer]) {
      problem(await twilio.post(message, fields, { sent }), 403, 'signature_refused');
    }
    for (const url of [`${message.callback}/`, message.callback.replace('http:', 'https:'), message.callback.replace('hooks.', 'evil.'), message.callback.replace(/:[0-9]+\//, '/')]) {
      problem(await twilio.post(message, fields, { url }), 403, 'signature_refused');
    }
    assert.equal((await delivery()).delivery, 'sent');
  });

  test('an address that is not ours, however well signed', async () => {
    const [one, two] = [await silent(), await silent()];
    const fields = fieldsOf(one.message, 'delivered');
    const url = new URL(one.message.callback);
    const [, , , tenant, send, mac] = url.pathname.split('/');
    const otherSend = new URL(two.message.callback).pathname.split('/')[4];
    const paths = [[tenant, otherSend, mac], [tenant, send, mac.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))], [tenant, send, mac.slice(1)], [tenant, send, 'x'], [tenant, 'x', mac],
      ['tenant_01kamp5sw0fh4rjv2x0bq2mtjx', send, mac], [tenant, send, mac.toUpperCase() === mac ? 'f'.repeat(32) : mac.toUpperCase()]];
    for (const parts of paths) {
      const path = `/hooks/twilio/${parts.join('/')}`;
      problem(await twilio.post(one.message, fields, { path, url: `${url.origin}${path}` }), 403, 'signature_refused');
    }
    assert.deepEqual([(await one.delivery()).delivery, (await two.delivery()).delivery], ['sent', 'sent']);
  });

  test('a field sent twice', async () => {
    const { message, delivery } = await silent();
    const fields = fieldsOf(message, 'sent');
    const body = `${new URLSearchParams(fields)}&MessageStatus=delivered`;
    const answer = await twilio.call('POST', new URL(message.callback).pathname, {
      body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': twilio.sign(message.callback, fields) },
    });
    problem(answer, 403, 'signature_refused');
    assert.equal((await delivery()).delivery, 'sent');
  });
});

describe('send_callback takes', () => {
  test('what Twilio signs, with fields that are new to us, letters of any script and empty values', async () => {
    const { message, delivery } = await silent();
    expect(await twilio.post(message, fieldsOf(message, 'sent', { NewField: 'grün & süß + 1', Empty: '', aLower: 'x', 'Odd[name]': 'y' })), 204);
    expect(await twilio.post(message, fieldsOf(message, 'delivered')), 204);
    assert.equal((await delivery()).delivery, 'delivered');
  });

  test('FLT-12 repeated, late and reordered callbacks without ever going back', async () => {
    const { message, delivery } = await silent();
    for (const status of ['delivered', 'sent', 'queued', 'delivered', 'failed', 'undelivered', 'sending']) {
      expect(await twilio.post(message, fieldsOf(message, status)), 204);
      assert.equal((await delivery()).delivery, 'delivered', `after ${status}`);
    }
  });

  test('a word that we do not know, without moving anything', async () => {
    const { message, delivery } = await silent();
    expect(await twilio.post(message, fieldsOf(message, 'teleported')), 204);
    expect(await twilio.post({ ...message, sid: 'nonsense' }, fieldsOf({ ...message, sid: 'nonsense' }, 'delivered')), 204);
    assert.equal((await delivery()).delivery, 'sent');
  });

  test('the reason why a text did not arrive', async () => {
    const { message, delivery } = await silent();
    expect(await twilio.post(message, fieldsOf(message, 'undelivered', { ErrorCode: '30003' })), 204);
    const challenge = await delivery();
    assert.deepEqual([challenge.delivery, challenge.reason], ['undelivered', 'unreachable']);
    assert.ok(Date.parse(challenge.resend_at) <= Date.now() + 1000, 'a text that is lost may be asked for again at once');
  });
});

describe('number_opted_in', () => {
  const inbound = (number, word, options) => twilio.post({ callback: `http://${stack.hosts().hooks}/hooks/twilio/inbound`, to: number },
    { From: number, To: '+15005550006', Body: word, OptOutType: word }, options);

  test('is Twilio\'s alone', async () => {
    problem(await inbound('+14155550134', 'START', { signature: null }), 403, 'signature_refused');
    problem(await inbound('+14155550134', 'START', { token: 'another' }), 403, 'signature_refused');
  });

  test('START ends the rest of a number that texted STOP, and of no other; other words do nothing', async () => {
    const number = `${newNumber().slice(0, -5)}21610`;
    const rested = () => db.value(`select count(*) from app.suppressions s join app.phones p using (platform_index)
                                    where s.reason = 'opted_out' and app.typeid('phone', p.phone_id) = $1`, phone);
    const browser = await (await platform.store()).launch();
    await browser.savePhone(number);
    expect(await browser.call('POST', '/api/phone/send-code'), 202);
    const phone = expect(await browser.call('GET', '/api/session'), 200).phone.id;
    await until('the rest', async () => await rested() === 1);
    for (const [from, word] of [[number, 'HELP'], [newNumber(), 'START'], ['nonsense', 'START']]) {
      assert.equal((await inbound(from, word)).status, 204);
      assert.equal(await rested(), 1);
    }
    assert.equal((await inbound(number, 'START')).status, 204);
    assert.equal(await rested(), 0);
  });
});
