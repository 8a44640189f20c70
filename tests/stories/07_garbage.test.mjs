// Goal: whatever nonsense Twilio's address answers, the server lives, believes none of it, and posts nothing twice.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber } from '../harness/suite.mjs';
import { untilSend, hurrySend } from '../harness/sends.mjs';

const { platform, sandbox, db } = await story({});
const store = await platform.store();

const deep = '['.repeat(100_000);
const GARBAGE = {
  'a page in HTML': { kind: 'garbage' },
  'an empty answer': { kind: 'garbage', body: '' },
  'JSON that is cut': { kind: 'truncate' },
  'an answer of ten megabytes': { kind: 'huge', bytes: 10 << 20 },
  'an array': { kind: 'garbage', body: '[]' },
  'a number': { kind: 'garbage', body: '1' },
  'an object without a SID': { kind: 'garbage', body: '{"status":"queued"}' },
  'a SID that is none': { kind: 'garbage', body: '{"sid":"nonsense","status":"queued"}' },
  'a SID of another kind': { kind: 'garbage', body: `{"sid":"CA${'0'.repeat(32)}","status":"queued"}` },
  'a SID that is a number': { kind: 'garbage', body: '{"sid":1,"status":{}}' },
  'a status nobody knows': { kind: 'garbage', body: `{"sid":"SM${'0'.repeat(32)}","status":"teleported"}` },
  'repeated keys': { kind: 'garbage', body: `{"sid":"SM${'0'.repeat(32)}","sid":"SM${'1'.repeat(32)}","status":"queued"}` },
  'an error\'s body under 200': { kind: 'garbage', status: 200, body: '{"code":21211,"message":"x","status":400}' },
  'brackets without end': { kind: 'garbage', body: deep.slice(0, 60_000) },
  'bytes that are no text': { kind: 'garbage', body: '\u0000\u0001\ufffd{"sid":"' },
  'a redirect': { kind: 'garbage', status: 302, body: '' },
  '204 without a body': { kind: 'garbage', status: 204, body: '' },
  'a 400 that is not Twilio\'s': { kind: 'garbage', status: 400, body: '<html>' },
};

for (const [what, fault] of Object.entries(GARBAGE)) {
  test(`FLT-10 ${what} is ambiguous, and sent once at most`, async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await sandbox.fault({ ...fault, to: number, times: 1 });
    const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
    await untilSend(db, id, 'ambiguous', 'delivered', 'sent', 'accepted');
    await hurrySend(db, id, 'unknown', 'delivered');
    assert.ok(sandbox.ledger().filter((one) => one.to === number).length <= 1);
  });
}

test('FLT-10 nonsense on the way to the truth, too', async () => {
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  await sandbox.fault({ kind: 'drop', when: 'after', to: number, times: 1 }, { kind: 'callbacks', none: true, to: number }, { kind: 'garbage', op: 'list', to: number, times: 1 }, { kind: 'huge', bytes: 5 << 20, op: 'list', to: number, times: 1 });
  const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
  await untilSend(db, id, 'ambiguous');
  await hurrySend(db, id, 'delivered', 'unknown');
  assert.equal(sandbox.ledger().filter((one) => one.to === number).length, 1);
});
