import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, wrongCode, steadyStep, until } from '../harness/suite.mjs';
import { pass, setRows } from '../harness/clock.mjs';

const { platform, sandbox, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const SEND = '/api/second-step/send-code';

// A browser of a user with a phone, launched again: the second step is next.
async function returning({ authenticator = false, backup = false } = {}) {
  const browser = await store.signedIn();
  if (authenticator) await browser.setUpAuthenticator();
  const codes = backup ? await browser.backupCodes() : [];
  await store.relaunch(browser);
  return Object.assign(browser, { backups: codes });
}

describe('second_step_send_code', () => {
  test('refuses without a session, and without a phone', async () => {
    const browser = await store.launch();
    problem(await browser.call('POST', SEND, { headers: { cookie: null } }), 401, 'session_required');
    problem(await browser.call('POST', SEND), 409, 'no_phone');
    await browser.savePhone('+12015550123');
    problem(await browser.call('POST', SEND), 409, 'no_phone');
  });

  test('sends one text to the phone, and says where it went', async () => {
    const browser = await returning();
    const challenge = await browser.textMe(SEND);
    assert.deepEqual([challenge.purpose, challenge.state, challenge.sends, challenge.tries_left], ['sign_in', 'live', 1, 5]);
    assert.ok(challenge.to.endsWith(browser.number.slice(-2)));
    const life = Date.parse(challenge.expires_at) - Date.parse(challenge.resend_at);
    assert.equal(Math.round(life / 1000), 240);
    assert.equal(challenge.message.to, browser.number);
  });

  test('a second text has to wait, and says how long and what works meanwhile', async () => {
    const browser = await returning({ backup: true });
    await browser.textMe(SEND);
    const refusal = problem(await browser.call('POST', SEND), 429, 'resend_too_early');
    assert.ok(refusal.retry_after > 0 && refusal.retry_after <= 60);
    assert.deepEqual(refusal.alternatives, ['backup_code']);
    assert.equal((await sandbox.messagesTo(browser.number)).length, 2);
  });

  test('OOB-6 a resend repeats the code while two minutes remain, and gives no new tries', async () => {
    const browser = await returning();
    const first = await browser.textMe(SEND);
    problem(await browser.verify(wrongCode(first.code), { challenge: first.id }), 422, 'code_wrong');
    await pass(db, browser, '61 seconds');
    const second = await browser.textMe(SEND);
    assert.deepEqual([second.id, second.code, second.sends, second.tries_left], [first.id, first.code, 2, 4]);
    problem(await browser.call('POST', SEND), 429, 'resend_too_early');
    await pass(db, browser, '61 seconds');
    problem(await browser.call('POST', SEND), 429, 'resend_too_early');
  });

  test('OOB-6 OOB-4 later it is a new code that voids the old one', async () => {
    const browser = await returning();
    const first = await browser.textMe(SEND);
    await pass(db, browser, '181 seconds');
    const second = await browser.textMe(SEND);
    assert.notEqual(second.id, first.id);
    assert.equal(second.tries_left, 5);
    problem(await browser.verify(first.code, { challenge: first.id }), 422, 'code_expired');
    if (first.code !== second.code) problem(await browser.verify(first.code, { challenge: second.id }), 422, 'code_wrong');
    expect(await browser.verify(second.code, { challenge: second.id }), 200);
  });
});

describe('second_step_verify', () => {
  test('API-3 only six ASCII digits or a backup code are looked at, and other shapes cost no try', async () => {
    const browser = await returning();
    const { id } = await browser.textMe(SEND);
    const shapes = ['', '1', '12345', '1234567', '12345a', '١٢٣٤٥٦', '123 456', '123456 ', ' 123456', '１２３４５６', '-12345', '+12345', '1e5000', 'ABCDE-FGHI9', 'ABCDE-FGHI'];
    problem(await browser.verify('12345\u0000', { challenge: id }), 400, 'body_malformed');
    for (const code of shapes) problem(await browser.verify(code, { challenge: id }), 422, 'body_invalid', '/code');
    for (const code of [123456, 123456.0, ['123456'], { code: '123456' }, null, true]) problem(await browser.verify(code, { challenge: id }), 422, 'body_invalid', '/code');
    assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).tries_left, 5);
  });

  test('names bad fields', async () => {
    const browser = await returning();
    problem(await browser.call('POST', '/api/second-step/verify', { json: { code: '123456', challenge: 'x', remember_device: 'yes', user: 1 } }),
      422, 'body_invalid', '/challenge', '/remember_device', '/user');
    problem(await browser.call('POST', '/api/second-step/verify', { json: {} }), 422, 'body_invalid', '/code');
  });

  test('a wrong code that might have been the texted or the authenticator\'s tells what the texted one has left', async () => {
    const browser = await returning({ authenticator: true });
    const { id, code } = await browser.textMe(SEND);
    for (const left of [4, 3]) {
      assert.equal(problem(await browser.verify(wrongCode(code), { challenge: id }), 422, 'code_wrong', '/code').tries_left, left);
    }
    assert.equal(problem(await browser.verify(wrongCode(code)), 422, 'code_wrong', '/code').tries_left, 7);
  });

  test('THR-1 five wrong codes exhaust a challenge, and then not even the right one counts', async () => {
    const browser = await returning({ backup: true });
    const { id, code } = await browser.textMe(SEND);
    for (let left = 4; left >= 0; left--) {
      const refusal = problem(await browser.verify(wrongCode(code), { challenge: id }), 422, 'code_wrong', '/code');
      assert.equal(refusal.tries_left, left);
    }
    const refusal = problem(await browser.verify(code, { challenge: id }), 422, 'challenge_exhausted');
    assert.deepEqual(refusal.alternatives, ['sms', 'backup_code']);
    assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).state, 'exhausted');
  });

  test('OOB-2 a code is dead when its time is over, whether or not anybody cleaned up', async () => {
    const browser = await returning();
    const { id, code } = await browser.textMe(SEND);
    await db.rows(`update app.challenges set expires_at = now() where app.typeid('challenge', challenge_id) = $1`, id);
    problem(await browser.verify(code, { challenge: id }), 422, 'code_expired');
    assert.equal(expect(await browser.call('GET', `/api/challenges/${id}`), 200).state, 'expired');
  });

  test('OOB-3 a code works once', async () => {
    const browser = await returning();
    const { id, code } = await browser.textMe(SEND);
    expect(await browser.verify(code, { challenge: id }), 200);
    problem(await browser.verify(code, { challenge: id }), 422, 'code_expired');
  });

  test('OOB-4 a code is bound to user, tenant, purpose and challenge', async () => {
    const [ann, bob] = [await returning(), await returning()];
    const eve = await (await platform.store()).signedIn();
    const [hers, his] = [await ann.textMe(SEND), await bob.textMe(SEND)];
    // another user's and another tenant's challenge is none of mine
    problem(await bob.verify(hers.code, { challenge: hers.id }), 422, 'code_expired');
    problem(await eve.verify(hers.code, { challenge: hers.id }), 422, 'code_expired');
    if (hers.code !== his.code) problem(await bob.verify(hers.code, { challenge: his.id }), 422, 'code_wrong');
    // another purpose
    expect(await ann.verify(hers.code, { challenge: hers.id }), 200);
    const change = await ann.textMe('/api/phone/change/send-code');
    problem(await ann.verify(change.code, { challenge: change.id }), 422, 'code_expired');
    expect(await ann.call('POST', '/api/phone/change', { json: { code: change.code, challenge: change.id } }), 200);
  });

  test('without a challenge a texted code is no code', async () => {
    const browser = await returning();
    const { code } = await browser.textMe(SEND);
    const answer = await browser.verify(code);
    assert.equal(answer.status, 422);
    assert.ok(['code_expired', 'code_wrong'].includes(answer.json.code));
  });

  test('SES-3 the right code gives a new cookie, and the old one is dead', async () => {
    const browser = await returning();
    const old = browser.copy();
    const session = await browser.secondStep();
    assert.equal(session.state, 'ready');
    assert.notEqual(browser.cookies.get('__Host-sid'), old.cookies.get('__Host-sid'));
    problem(await old.call('GET', '/api/session'), 401, 'session_required');
    const second = browser.copy();
    await pass(db, browser, '5 minutes');
    await browser.secondStep();
    problem(await second.call('GET', '/api/session'), 401, 'session_required');
  });

  test('an authenticator code works in the same field, once', async () => {
    const browser = await returning({ authenticator: true });
    await steadyStep();
    const code = browser.totp();
    expect(await browser.verify(code), 200);
    problem(await browser.verify(code), 422, 'code_expired');
  });

  test('TOTP-2 TOTP-3 one step either way counts, two do not, and never an earlier step than the last', async () => {
    const browser = await returning({ authenticator: true });
    await steadyStep(8);
    for (const steps of [-2, 2]) problem(await browser.verify(browser.totp(steps)), 422, 'code_wrong');
    expect(await browser.verify(browser.totp(1)), 200);
    for (const steps of [-1, 0, 1]) problem(await browser.verify(browser.totp(steps)), 422, 'code_expired');
  });

  test('a challenge may be named beside an authenticator code, and a wrong code costs both', async () => {
    const browser = await returning({ authenticator: true });
    const { id } = await browser.textMe(SEND);
    await steadyStep();
    expect(await browser.verify(browser.totp(), { challenge: id }), 200);
  });

  test('LKP-2 a backup code works once, in any case, with or without its dash', async () => {
    const browser = await returning({ backup: true });
    const [one, two, three] = browser.backups;
    expect(await browser.verify(one), 200);
    problem(await browser.verify(one), 422, 'code_wrong');
    expect(await browser.verify(two.toLowerCase()), 200);
    const session = expect(await browser.verify(three.replace('-', '')), 200);
    assert.equal(session.methods.find((one) => one.method === 'backup_code').left, 7);
  });

  test('LKP-3 a new set voids the old one', async () => {
    const browser = await returning({ backup: true });
    const [old] = browser.backups;
    expect(await browser.verify(browser.backups[1]), 200);
    const fresh = await browser.backupCodes();
    problem(await browser.verify(old), 422, 'code_wrong');
    expect(await browser.verify(fresh[0]), 200);
  });

  test('THR-2 ten wrong codes lock the user for 30 minutes, over challenges, methods and sessions', async () => {
    const browser = await returning({ authenticator: true, backup: true });
    const { id, code } = await browser.textMe(SEND);
    for (let i = 0; i < 4; i++) problem(await browser.verify(wrongCode(code), { challenge: id }), 422, 'code_wrong');
    await store.relaunch(browser);
    for (let i = 0; i < 3; i++) problem(await browser.verify('AAAAA-AAAAA'), 422, 'code_wrong');
    await pass(db, browser, '4 minutes');
    await store.relaunch(browser);
    for (let i = 0; i < 3; i++) problem(await browser.verify(wrongCode(browser.totp())), 422, 'code_wrong');
    const refusal = problem(await browser.verify(browser.backups[0]), 429, 'locked');
    assert.ok(refusal.retry_after > 1700 && refusal.retry_after <= 1800, `${refusal.retry_after}`);
    problem(await browser.call('POST', SEND), 429, 'locked');
    assert.ok((await browser.session()).locked_until);
  });

  test('THR-2 the next lock is twice as long, and a right code takes everything back', async () => {
    const browser = await returning({ backup: true });
    const lock = async () => {
      for (let i = 0; i < 10; i++) await browser.verify('AAAAA-AAAAA');
      return problem(await browser.verify(browser.backups[0]), 429, 'locked').retry_after;
    };
    await lock();
    await setRows(db, browser, 'users', 'locked_until = now()');
    assert.ok((await lock()) > 3500);
    await setRows(db, browser, 'users', 'locked_until = now()');
    expect(await browser.verify(browser.backups[0]), 200);
    for (let i = 0; i < 9; i++) problem(await browser.verify('AAAAA-AAAAA'), 422, 'code_wrong');
    expect(await browser.verify(browser.backups[1]), 200);
  });

  test('THR-3 a hundred wrong codes put that method off, and the others still work', async () => {
    const browser = await returning({ authenticator: true, backup: true });
    await setRows(db, browser, 'users', 'authenticator_wrong = 99');
    problem(await browser.verify(wrongCode(browser.totp())), 422, 'code_wrong');
    await steadyStep();
    const refusal = problem(await browser.verify(browser.totp()), 403, 'method_off');
    assert.ok(!refusal.alternatives.includes('authenticator'));
    const session = expect(await browser.verify(browser.backups[0]), 200);
    assert.equal(session.methods.find((one) => one.method === 'authenticator').off, true);
  });

  test('PCI-1 wrong codes of every kind are refused with the same words', async () => {
    const browser = await returning({ authenticator: true, backup: true });
    const bodies = [];
    for (const code of [wrongCode(browser.totp()), 'AAAAA-AAAAA']) {
      const { request_id, tries_left, ...rest } = problem(await browser.verify(code), 422, 'code_wrong');
      assert.ok(request_id && tries_left !== undefined);
      bodies.push(rest);
    }
    assert.deepEqual(bodies[0], bodies[1]);
  });
});

describe('second_step_device', () => {
  test('refuses a browser that nobody remembered, and one of another user', async () => {
    const browser = await returning();
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
    const other = await returning();
    await other.secondStep({ remember_device: true });
    browser.cookies.set('__Host-device', other.cookies.get('__Host-device'));
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
    browser.cookies.set('__Host-device', 'nonsense');
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
  });

  test('lets a remembered browser in for two weeks, ready but not fresh, under a new cookie', async () => {
    const browser = await returning();
    assert.equal((await browser.secondStep({ remember_device: true })).trusted_device, true);
    await store.relaunch(browser);
    const before = browser.cookies.get('__Host-sid');
    assert.equal((await browser.session()).trusted_device, true);
    const session = expect(await browser.call('POST', '/api/second-step/device'), 200);
    assert.deepEqual([session.state, session.fresh_until], ['ready', null]);
    assert.notEqual(browser.cookies.get('__Host-sid'), before);
    problem(await browser.call('POST', '/api/backup-codes'), 403, 'fresh_session_required');
    await pass(db, browser, '14 days');
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
  });

  test('does not let a locked user in', async () => {
    const browser = await returning({ backup: true });
    await browser.secondStep({ remember_device: true });
    await store.relaunch(browser);
    for (let i = 0; i < 10; i++) await browser.verify('AAAAA-AAAAA');
    problem(await browser.call('POST', '/api/second-step/device'), 429, 'locked');
  });
});

describe('challenge_read', () => {
  test('unknown and foreign challenges are not found', async () => {
    const [ann, bob] = [await returning(), await returning()];
    const { id } = await ann.textMe(SEND);
    problem(await bob.call('GET', `/api/challenges/${id}`), 404, 'not_found');
    problem(await ann.call('GET', '/api/challenges/challenge_01kamp5sw0fh4rjv2x0bq2mtjx'), 404, 'not_found');
    problem(await ann.call('GET', '/api/challenges/x'), 404, 'not_found');
  });

  test('follows the text until it is delivered', async () => {
    const browser = await returning();
    const { id } = await browser.textMe(SEND);
    const done = await until('delivery', async () => {
      const challenge = expect(await browser.call('GET', `/api/challenges/${id}`), 200);
      return challenge.delivery === 'delivered' && challenge;
    });
    assert.deepEqual([done.state, done.reason, done.sends], ['live', null, 1]);
    assert.equal((await browser.session()).challenge.id, id);
  });
});
