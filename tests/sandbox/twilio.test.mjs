// The sandbox's Twilio stands in for the real one, so it is held to what Twilio publishes: its specification (Prism refuses every
// request or answer that does not fit) and its own Node library, as client and as judge of signatures.
import test, { describe, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { createRequire } from 'node:module';
import { start, freePorts, portOpen, until } from '../harness/process.mjs';
import { send } from '../harness/http.mjs';
import { ROOT, npmBin } from '../harness/paths.mjs';
import { TWILIO_SPEC } from '../harness/stack.mjs';

const require = createRequire(import.meta.url);
const { Twilio, validateRequest } = require('twilio');
const { SegmentedMessage } = require('sms-segments-calculator');

const ACCOUNT = `AC${'1'.repeat(32)}`;
const KEY = `SK${'2'.repeat(32)}`;
const SERVICE = `MG${'3'.repeat(32)}`;
const TOKEN = 'the-auth-token';
const run = fs.mkdtempSync(`${os.tmpdir()}/tillgate-sandbox-`);
const [port, prismPort, callbackPort] = await freePorts(3);

const programs = [
  start('sandbox', [process.execPath, `${ROOT}/ops/sandbox/main.mjs`, '--only', 'twilio', '--port', String(port), '--account', ACCOUNT, '--user', KEY, '--secret', 'secret',
    '--auth-token', TOKEN, '--service', SERVICE, '--ledger', `${run}/ledger`], { log: `${run}/sandbox.log` }),
  start('prism', [npmBin('prism'), 'proxy', '--errors', '--cors=false', '--verboseLevel=error', '--port', String(prismPort), TWILIO_SPEC, `http://127.0.0.1:${port}`], { log: `${run}/prism.log` }),
];
const calls = [];
const callbacks = http.createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  calls.push({ url: request.url, signature: request.headers['x-twilio-signature'], fields: Object.fromEntries(new URLSearchParams(body)) });
  response.writeHead(204).end();
}).listen(callbackPort, '127.0.0.1');

after(async () => {
  for (const program of programs) await program.stop();
  callbacks.close();
  callbacks.closeAllConnections();
  fs.rmSync(run, { recursive: true, force: true });
});
await until('the sandbox behind Prism', async () => (await portOpen(port)) && portOpen(prismPort), { patience: 60_000 });

// Twilio's library believes that it talks to api.twilio.com.
const throughPrism = {
  lastRequest: undefined,
  async request({ method, uri, username, password, headers = {}, params, data }) {
    const url = new URL(uri);
    for (const [name, value] of Object.entries(params ?? {})) if (value !== undefined) url.searchParams.set(name, value);
    const body = data === undefined ? undefined : new URLSearchParams(Object.entries(data).filter(([, value]) => value !== undefined)).toString();
    const answer = await send({ port: prismPort, method: method.toUpperCase(), host: 'api.twilio.com', path: url.pathname + url.search, body, fresh: true,
      headers: { ...headers, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`, ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) } });
    assert.ok(!answer.text.includes('stoplight'), `Prism refused it: ${answer.text}`);
    return { statusCode: answer.status, body: answer.json, headers: answer.headers };
  },
};
const client = new Twilio(KEY, 'secret', { accountSid: ACCOUNT, httpClient: throughPrism });
const create = (more = {}) => client.messages.create({ to: '+12015550123', messagingServiceSid: SERVICE, body: 'hello', ...more });
const fault = (...faults) => send({ port, method: 'POST', host: 'localhost', path: '/_control/faults', headers: { 'content-type': 'application/json' }, body: JSON.stringify(faults), fresh: true });

describe('refuses as Twilio does', () => {
  test('wrong credentials: 401, 20003', async () => {
    const other = new Twilio(KEY, 'wrong', { accountSid: ACCOUNT, httpClient: throughPrism });
    await assert.rejects(other.messages.create({ to: '+12015550123', messagingServiceSid: SERVICE, body: 'x' }), { status: 401, code: 20003 });
  });

  for (const [code, status] of [[21211, 400], [21408, 400], [21610, 400], [21614, 400]]) {
    test(`a number that ends in ${code}: ${status}`, () => assert.rejects(create({ to: `+120155${code}`.slice(0, 12) }), { status, code }));
  }

  test('no recipient, no body, an unknown service', async () => {
    await assert.rejects(create({ messagingServiceSid: `MG${'9'.repeat(32)}` }), { status: 400, code: 21701 });
    await assert.rejects(create({ to: 'nonsense' }), { status: 400, code: 21211 });
  });

  test('a message that does not exist: 404, 20404', () => assert.rejects(client.messages(`SM${'0'.repeat(32)}`).fetch(), { status: 404, code: 20404 }));
});

describe('works as Twilio does', () => {
  test('a message is taken, sent and delivered, and each step is called back, signed', async () => {
    const statusCallback = `http://hooks.localhost:${callbackPort}/hooks/a?b=c`;
    const made = await create({ statusCallback, validityPeriod: 300, provideFeedback: true, contentRetention: 'discard', addressRetention: 'obfuscate' });
    assert.match(made.sid, /^SM[0-9a-f]{32}$/);
    assert.equal(made.status, 'accepted');
    await until('delivery', async () => (await client.messages(made.sid).fetch()).status === 'delivered');
    const mine = await until('the callbacks', () => {
      const found = calls.filter((one) => one.fields.MessageSid === made.sid);
      return found.some((one) => one.fields.MessageStatus === 'delivered') && found;
    });
    assert.deepEqual(mine.map((one) => one.fields.MessageStatus), ['queued', 'sent', 'delivered']);
    for (const { signature, fields } of mine) assert.ok(validateRequest(TOKEN, signature, statusCallback, fields));
  });

  test('messages to a number are listed, newest first, from a day on', async () => {
    const to = '+12025550199';
    const sids = [(await create({ to })).sid, (await create({ to })).sid];
    const listed = await client.messages.list({ to, dateSentAfter: new Date(), limit: 20 });
    assert.deepEqual(listed.map((one) => one.sid), sids.reverse());
    assert.deepEqual(await client.messages.list({ to: '+12025550100', limit: 20 }), []);
  });

  test('segments are counted as Twilio counts them', async () => {
    for (const body of ['a'.repeat(160), 'a'.repeat(161), '€'.repeat(80), '€'.repeat(81), 'ü'.repeat(100), 'я'.repeat(70), 'я'.repeat(71), '{}[]~|^\\'.repeat(10)]) {
      const { sid } = await create({ body });
      const message = await until('the segments', async () => { const one = await client.messages(sid).fetch(); return one.status !== 'accepted' && one; });
      assert.equal(Number(message.numSegments), new SegmentedMessage(body).segmentsCount, body.slice(0, 3));
    }
  });

  test('a validity that is over ends in failed, 30036', async () => {
    await fault({ kind: 'slow', ms: 60_000, times: 1 });
    const { sid } = await create({ validityPeriod: 1 });
    const message = await until('the end', async () => { const one = await client.messages(sid).fetch(); return one.status === 'failed' && one; });
    assert.equal(message.errorCode, 30036);
  });

  test('every taken message is in the ledger before the answer leaves', async () => {
    const { sid } = await create();
    assert.ok(fs.readFileSync(`${run}/ledger`, 'utf8').includes(sid));
  });

  test('a dropped answer is a taken message all the same', async () => {
    const before = fs.readFileSync(`${run}/ledger`, 'utf8').split('\n').length;
    await fault({ kind: 'drop', when: 'after', times: 1 });
    await assert.rejects(create());
    assert.equal(fs.readFileSync(`${run}/ledger`, 'utf8').split('\n').length, before + 1);
  });
});
