// What happens when everybody comes at once. Each test sends its requests in parallel, over many connections and both workers.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Panel, expect, wrongCode, steadyStep, newNumber } from '../harness/suite.mjs';

const { stack, platform, sandbox, db } = await suite({ edge: true });
const store = await platform.store();
const together = (count, attempt) => Promise.all(Array.from({ length: count }, (_, i) => attempt(i)));
const codes = (answers) => answers.reduce((sum, { status, json }) => ({ ...sum, [json?.code ?? status]: (sum[json?.code ?? status] ?? 0) + 1 }), {});

async function returning() {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  return browser;
}

describe('guesses', () => {
  test('THR-1 of many wrong codes at once never more than five are evaluated', async () => {
    const browser = await returning();
    const { id, code } = await browser.textMe();
    const answers = await together(40, () => browser.call('POST', '/api/second-step/verify', { json: { code: wrongCode(code), challenge: id }, fresh: true }));
    const seen = codes(answers);
    assert.equal(seen.code_wrong, 5, JSON.stringify(seen));
    assert.equal(seen.challenge_exhausted + (seen.code_expired ?? 0), 35, JSON.stringify(seen));
    assert.equal(await db.value(`select tries from app.challenges where app.typeid('challenge', challenge_id) = $1`, id), 5);
  });

  test('THR-2 of many at once against one user never more than ten, whatever the challenge and method', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    await browser.backupCodes();
    const sessions = [await store.relaunch(browser.copy()), await store.relaunch(browser.copy()), await store.relaunch(browser.copy())];
    const answers = await together(60, (i) => sessions[i % 3].verify(i % 2 ? wrongCode() : 'AAAAA-AAAAB'));
    const seen = codes(answers);
    assert.ok(seen.code_wrong <= 10, JSON.stringify(seen));
    assert.equal(seen.code_wrong + seen.locked, 60, JSON.stringify(seen));
  });

  test('OOB-3 FLT-16 the right code from many at once is accepted once', async () => {
    for (let round = 0; round < 5; round++) {
      const browser = await returning();
      const { id, code } = await browser.textMe();
      const answers = await together(12, () => browser.copy().verify(code, { challenge: id }));
      assert.equal(answers.filter((one) => one.status === 200).length, 1, JSON.stringify(codes(answers)));
    }
  });

  test('the right code among wrong ones is accepted at most once, and never after the fifth', async () => {
    const browser = await returning();
    const { id, code } = await browser.textMe();
    const answers = await together(20, (i) => browser.copy().verify(i === 10 ? code : wrongCode(code), { challenge: id }));
    const right = answers.filter((one) => one.status === 200).length;
    assert.ok(right <= 1);
    assert.ok((codes(answers).code_wrong ?? 0) + right <= 5, JSON.stringify(codes(answers)));
  });

  test('TOTP-3 one authenticator code from many at once is accepted once', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    await store.relaunch(browser);
    await steadyStep();
    const code = browser.totp();
    const answers = await together(9, () => browser.copy().verify(code));
    assert.equal(answers.filter((one) => one.status === 200).length, 1, JSON.stringify(codes(answers)));
  });

  test('LKP-2 one backup code from many at once is accepted once', async () => {
    const browser = await store.signedIn();
    const [code] = await browser.backupCodes();
    const sessions = await Promise.all(Array.from({ length: 6 }, () => store.relaunch(browser.copy())));
    const answers = await together(9, (i) => sessions[i % 6].copy().verify(code));
    assert.equal(answers.filter((one) => one.status === 200).length, 1, JSON.stringify(codes(answers)));
    assert.equal(await db.value(`select cardinality(macs) from app.backup_codes b join app.users u using (tenant_id, user_id) where u.external_id = $1`, browser.externalId), 9);
  });
});

describe('tickets', () => {
  test('SSO-2 one ticket from many browsers at once starts one session', async () => {
    const { ticket, user } = await store.ticket();
    const answers = await together(40, () => new Panel(stack, store.tenant.slug).redeem(ticket));
    assert.equal(answers.filter((one) => one.headers.location === '/').length, 1);
    assert.equal(answers.filter((one) => one.setCookies.length > 0).length, 1);
    assert.equal(await db.value(`select count(*) from app.sessions where app.typeid('user', user_id) = $1`, user.id), 1);
  });

  test('redeeming and revoking at once: one of them wins', async () => {
    for (let round = 0; round < 8; round++) {
      const { id, ticket } = await store.ticket();
      const [redeemed, revoked] = await Promise.all([new Panel(stack, store.tenant.slug).redeem(ticket), store.call('DELETE', `/v1/launches/${id}`)]);
      assert.notEqual(redeemed.headers.location === '/', revoked.status === 204);
    }
  });

  test('suspending while tickets are redeemed leaves no session behind', async () => {
    const own = await platform.store();
    const tickets = await together(10, () => own.ticket());
    await Promise.all([...tickets.map(({ ticket }) => new Panel(stack, own.tenant.slug).redeem(ticket)), platform.suspend(own.tenant)]);
    assert.equal(await db.value(`select count(*) from app.sessions s join app.tenants t using (tenant_id) where t.slug = $1`, own.tenant.slug), 0);
  });
});

describe('texts', () => {
  test('many clicks at once on Send verification code send one text', async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    const answers = await together(20, () => browser.call('POST', '/api/phone/send-code', { fresh: true }));
    const seen = codes(answers);
    assert.equal(answers.filter((one) => one.status === 202).length, 1, JSON.stringify(seen));
    assert.equal(seen.resend_too_early, 19, JSON.stringify(seen));
    await sandbox.nextMessage(number, 0);
    assert.equal((await sandbox.messagesTo(number)).length, 1);
  });

  test('the last place under a limit is given once', async () => {
    // One number, unverified at eight stores: three a day.
    const number = newNumber();
    const browsers = await together(8, async () => (await platform.store()).launch());
    await Promise.all(browsers.map((browser) => browser.savePhone(number)));
    const answers = await Promise.all(browsers.map((browser) => browser.call('POST', '/api/phone/send-code')));
    assert.equal(answers.filter((one) => one.status === 202).length, 3, JSON.stringify(codes(answers)));
    assert.equal(codes(answers).limit_phone, 5);
  });
});

describe('sessions', () => {
  test('SES-4 a session that was ended answers nothing more, on any worker', async () => {
    const browser = await returning();
    const busy = together(30, () => browser.call('GET', '/api/session', { fresh: true }));
    await browser.copy().call('DELETE', '/api/session');
    await busy;
    const answers = await together(20, () => browser.copy().call('GET', '/api/session', { fresh: true }));
    assert.ok(answers.every((one) => one.status === 401));
  });

  test('two second steps of one session at once leave one live cookie', async () => {
    const browser = await store.signedIn();
    const [one, two] = await browser.backupCodes();
    await store.relaunch(browser);
    const tabs = [browser.copy(), browser.copy()];
    await Promise.all([tabs[0].verify(one), tabs[1].verify(two)]);
    const alive = await Promise.all(tabs.map(async (tab) => (await tab.call('GET', '/api/session')).status === 200));
    assert.ok(alive.filter(Boolean).length >= 1);
    expect(await tabs[alive.indexOf(true)].call('GET', '/api/session'), 200);
  });
});
