// Goal: killed at the worst moment, nothing accepted is lost and nothing is texted twice.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber, until } from '../harness/suite.mjs';
import { hurrySend, sendOf, untilSend } from '../harness/sends.mjs';

const { stack, platform, sandbox, db } = await story({});
const store = await platform.store();

async function ready() {
  const browser = await store.launch();
  browser.number = newNumber();
  expect(await browser.savePhone(browser.number), 200);
  return browser;
}
// The send as the commit left it.
const rewind = (id) => db.rows(`update app.sends set state = 'queued', attempts = 0, fence = 0, posted_at = null, due_at = now() + interval '2 seconds'
  where challenge_id = (select challenge_id from app.challenges where app.typeid('challenge', challenge_id) = $1)`, id);
const posted = (number) => sandbox.ledger().filter((one) => one.to === number).length;

test('FLT-14 the whole server dies between the commit and the post: the text is sent once, by the next one', async () => {
  const browser = await ready();
  const { id } = expect(await browser.call('POST', '/api/phone/send-code', { fresh: true }), 202);
  await stack.killServer();
  // However fast its sender was: back to the moment right after the commit, unless Twilio has it already.
  if (posted(browser.number) === 0) await rewind(id);
  await stack.startServer();
  await hurrySend(db, id, 'delivered');
  assert.equal(posted(browser.number), 1);
});

test('FLT-14 it dies while the post is under way: not posted again, the truth is found', async () => {
  const browser = await ready();
  await sandbox.fault({ kind: 'delay', ms: 5000, to: browser.number, times: 1 });
  const { id } = expect(await browser.call('POST', '/api/phone/send-code', { fresh: true }), 202);
  await untilSend(db, id, 'in_flight');
  await stack.killServer();
  await stack.startServer();
  await until('Twilio to have taken it or not', async () => posted(browser.number) === 1 || (await sendOf(db, id)).state !== 'in_flight');
  await hurrySend(db, id, 'delivered', 'unknown');
  assert.ok(posted(browser.number) <= 1);
});

test('FLT-14 it dies after Twilio took it and before that was written down', async () => {
  const browser = await ready();
  await sandbox.fault({ kind: 'callbacks', delay: 8000, to: browser.number });
  const { id } = expect(await browser.call('POST', '/api/phone/send-code', { fresh: true }), 202);
  await until('the post', async () => posted(browser.number) === 1);
  await stack.killServer();
  // As if the answer had not been recorded.
  await db.rows(`update app.sends set state = 'in_flight', sid = null, due_at = now() where state = 'accepted' and challenge_id = (select challenge_id from app.challenges where app.typeid('challenge', challenge_id) = $1)`, id);
  await stack.startServer();
  await hurrySend(db, id, 'delivered');
  assert.equal(posted(browser.number), 1);
});

test('one worker is killed: the other serves, a new one comes, sessions live on', async () => {
  const browser = await store.signedIn();
  const workers = await stack.workerPids();
  assert.equal(workers.length, 2);
  process.kill(workers[0], 'SIGKILL');
  await until('two workers again', async () => {
    const now = await stack.workerPids();
    return now.length === 2 && !now.includes(workers[0]);
  });
  await until('an answer', async () => (await browser.call('GET', '/api/session', { fresh: true })).status === 200);
  await stack.untilReady();
  await store.relaunch(browser);
  const { id } = await browser.textMe();
  await untilSend(db, id, 'delivered');
});
