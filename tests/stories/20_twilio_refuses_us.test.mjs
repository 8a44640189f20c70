// Goal: our own account is wrong (bad credentials, suspended): no user is blamed, no number is marked, the panel offers what works, and the log calls.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber, until } from '../harness/suite.mjs';
import { sendOf } from '../harness/sends.mjs';

const { stack, platform, sandbox, db } = await story({});
const store = await platform.store();

for (const [status, code] of [[401, 20003], [400, 21606], [400, 21608]]) {
  test(`d.7 ${code} is our fault: failed, not the number's, and the operator is told`, async () => {
    const browser = await store.signedIn();
    await browser.backupCodes();
    await store.relaunch(browser);
    await sandbox.fault({ kind: 'status', status, code, to: browser.number, times: 1 });
    const { id } = expect(await browser.call('POST', '/api/second-step/send-code'), 202);
    const failed = await until('the send to fail', async () => {
      const send = await sendOf(db, id);
      return ['failed', 'refused'].includes(send.state) && send;
    });
    assert.ok(failed.reason);
    assert.equal(await db.value(`select count(*) from app.suppressions where until > now()`), 0);
    assert.ok(stack.serverLog().split('\n').some((line) => line.includes(String(code)) && /"level":"(error|warn)"/.test(line)), 'nobody was told');
    const challenge = expect(await browser.call('GET', `/api/challenges/${id}`), 200);
    assert.ok(['failed', 'refused'].includes(challenge.delivery));
  });
}

test('afterwards texts go out again', async () => {
  const browser = await store.launch();
  const number = newNumber();
  await browser.savePhone(number);
  await sandbox.faultless();
  const { id } = await browser.textMe('/api/phone/send-code', number);
  await until('delivery', async () => (await sendOf(db, id)).state === 'delivered');
});
