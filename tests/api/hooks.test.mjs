import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, until } from '../harness/suite.mjs';
import { Twilio, fieldsOf } from '../harness/twilio.mjs';

const { stack, platform, sandbox } = await suite({ prism: true, twilioPrism: true });
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
