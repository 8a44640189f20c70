// Goal: a new root key and a new Twilio token are put in place; what the old ones sealed, signed and texted still works.
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { story, expect, problem, newNumber } from '../harness/suite.mjs';
import { Twilio, fieldsOf } from '../harness/twilio.mjs';
import { untilSend } from '../harness/sends.mjs';

const { stack, platform, sandbox, db } = await story({});
const store = await platform.store();
const restart = async () => {
  assert.equal((await stack.server.stop()).code, 0);
  await stack.startServer();
};

test('FLT-25 a second root key: old codes, numbers, secrets and backup codes still open, new ones take the new key', async () => {
  const browser = await store.signedIn();
  await browser.setUpAuthenticator();
  const codes = await browser.backupCodes();
  await store.relaunch(browser);
  const texted = await browser.textMe();

  const file = `${stack.run}/keys/root.keys`;
  fs.appendFileSync(file, `2 ${crypto.randomBytes(32).toString('hex')}\n`);
  await restart();

  expect(await browser.verify(texted.code, { challenge: texted.id }), 200);
  await store.relaunch(browser);
  expect(await browser.verify(codes[0]), 200);
  await store.relaunch(browser);
  expect(await browser.verify(browser.totp(1)), 200);
  const fresh = await store.signedIn();
  await store.relaunch(fresh);
  await fresh.secondStep();
  // limits and STOP lists are kept by phone: a rotation once made every number look new
  const again = await store.launch();
  expect(await again.savePhone(browser.number), 200);
  assert.deepEqual((await db.rows(`select count(*)::int as n from app.phones group by platform_index order by 1 desc limit 1`)), [{ n: 2 }]);
  assert.deepEqual((await db.rows(`select distinct get_byte(number_sealed, 2) as version from app.phones order by 1`)).map((row) => row.version), [1, 2]);
});

test('FLT-25 two Twilio tokens: callbacks under either are taken, under a third none', async () => {
  const file = `${stack.run}/keys/twilio-auth-token`;
  const old = fs.readFileSync(file, 'utf8').trim();
  const next = crypto.randomBytes(16).toString('hex');
  fs.writeFileSync(file, `${next}\n${old}\n`);
  await restart();
  const twilio = new Twilio(stack);
  for (const [token, status] of [[old, 204], [next, 204], ['0'.repeat(32), 403]]) {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await sandbox.fault({ kind: 'callbacks', none: true, to: number }, { kind: 'stall', at: 'queued', to: number });
    const { id, message } = await browser.textMe('/api/phone/send-code', number);
    await untilSend(db, id, 'accepted');
    const answer = await twilio.post(message, fieldsOf(message, 'delivered'), { token });
    assert.equal(answer.status, status);
    if (status === 403) problem(answer, 403, 'signature_refused');
    else await untilSend(db, id, 'delivered');
  }
});

test('without its keys, or with keys that others may read, the server refuses to start', async () => {
  const file = `${stack.run}/keys/root.keys`;
  for (const spoil of [() => fs.chmodSync(file, 0o644), () => fs.writeFileSync(file, '1 nonsense\n'), () => fs.rmSync(file)]) {
    const kept = fs.readFileSync(file);
    spoil();
    await assert.rejects(stack.tillgate('check-config', stack.configFile), (error) => error.code !== 99 && !/Sanitizer/.test(error.err));
    fs.writeFileSync(file, kept, { mode: 0o600 });
    fs.chmodSync(file, 0o600);
  }
  await stack.tillgate('check-config', stack.configFile);
});
