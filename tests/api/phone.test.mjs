import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect, newNumber, wrongCode, steadyStep } from '../harness/suite.mjs';
import { pass } from '../harness/clock.mjs';

const { stack, platform, sandbox, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const europe = await platform.store({ country: 'DE', sms_countries: ['DE', 'GB', 'FR', 'US'] });

const verify = (browser, code, challenge) => browser.call('POST', '/api/phone/verify', { json: { code, challenge } });
const prove = (browser, json) => browser.call('POST', '/api/phone/change', { json });

describe('phone_save', () => {
  test('names bad fields, and insists on consent', async () => {
    const browser = await store.launch();
    const save = (json) => browser.call('PUT', '/api/phone', { json });
    problem(await save({}), 422, 'body_invalid', '/number', '/consent');
    problem(await save({ number: 12015550123, consent: 'true', verified: true, state: 'verified' }), 422, 'body_invalid', '/number', '/consent', '/verified', '/state');
    problem(await save({ number: '+12015550123', consent: false }), 422, 'body_invalid', '/consent');
    assert.equal((await browser.session()).phone, null);
  });

  for (const number of ['', '+', '12015550123', '+1201555', '+120155501234', '+1 201 555 0123', '+1(201)5550123', '0012015550123', '+0123456789', '+999123456789', '+11115550123', '+١٢٠١٥٥٥٠١٢٣', 'x'.repeat(40), '+1201555012x', '+12015550123;ext=1']) {
    test(`refuses ${JSON.stringify(number).slice(0, 24)}, which is no phone number`, async () => {
      const answer = await (await store.launch()).savePhone(number);
      assert.equal(answer.status, 422, answer.text);
      assert.ok(['number_invalid', 'body_invalid', 'country_not_allowed'].includes(answer.json.code), answer.json.code);
      assert.deepEqual(answer.json.errors.map((one) => one.pointer), ['/number']);
    });
  }

  test('refuses countries that the tenant does not allow', async () => {
    const browser = await store.launch();
    for (const number of [newNumber('DE'), newNumber('CA'), '+447400123456']) problem(await browser.savePhone(number), 422, 'country_not_allowed', '/number');
  });

  for (const [kind, number] of [['premium', '+19002345678'], ['premium', '+499001123456'], ['shared cost', '+4918012345'], ['pager', '+491640123456'],
    ['personal', '+4970012345678'], ['voicemail', '+49160131234567'], ['premium', '+449012345678'], ['UAN', '+445512345678']]) {
    test(`refuses the ${kind} number ${number}`, async () => {
      const answer = await (await europe.launch()).savePhone(number);
      assert.equal(answer.status, 422, answer.text);
      assert.ok(['number_type_refused', 'number_invalid'].includes(answer.json.code), answer.json.code);
    });
  }

  test('sends nothing, and is not verified', async () => {
    const browser = await store.launch();
    const number = newNumber();
    const { phone } = expect(await browser.savePhone(number), 200);
    assert.equal(phone.state, 'unverified');
    assert.ok(phone.hint.endsWith(number.slice(-2)));
    assert.equal((await browser.session()).state, 'set_up');
    assert.deepEqual(await sandbox.messagesTo(number), []);
  });

  test('PRV-1 LAW-1 the number is sealed, and the consent kept with it', async () => {
    const browser = await store.launch();
    const number = stack.secret(newNumber());
    const { phone } = expect(await browser.savePhone(number), 200);
    const row = await db.row(`select *, encode(number_sealed, 'escape') as sealed from app.phones where app.typeid('phone', phone_id) = $1`, phone.id);
    assert.ok(!JSON.stringify(row).includes(number.slice(1)));
    assert.ok(row.consent_version && row.consent_address && row.created_at);
  });

  test('a number that waits may be replaced, and a code sent to the old one is void', async () => {
    const browser = await store.launch();
    const [first, second] = [newNumber(), newNumber()];
    await browser.savePhone(first);
    const { id, code } = await browser.textMe('/api/phone/send-code', first);
    const { phone } = expect(await browser.savePhone(second), 200);
    assert.ok(phone.hint.endsWith(second.slice(-2)));
    problem(await verify(browser, code, id), 422, 'code_expired');
  });

  test('a launched session that has a method may not touch the phone', async () => {
    const browser = await store.relaunch(await store.signedIn());
    problem(await browser.savePhone(newNumber()), 403, 'second_step_required');
    problem(await browser.call('POST', '/api/phone/send-code'), 403, 'second_step_required');
    problem(await verify(browser, '123456', 'challenge_01kamp5sw0fh4rjv2x0bq2mtjx'), 403, 'second_step_required');
  });

  test('ENR-1 a fresh session still needs a proof before another number', async () => {
    const browser = await store.signedIn();
    problem(await browser.savePhone(newNumber()), 403, 'proof_required');
    problem(await browser.savePhone(browser.number), 409, 'phone_verified_already');
  });
});

describe('phone_send_code', () => {
  test('refuses when there is nothing to verify', async () => {
    const browser = await store.launch();
    problem(await browser.call('POST', '/api/phone/send-code'), 409, 'no_phone');
    await browser.setUpPhone();
    problem(await browser.call('POST', '/api/phone/send-code'), 409, 'phone_verified_already');
  });

  test('a country taken from the list meanwhile gets no text', async () => {
    const own = await platform.store({ sms_countries: ['US', 'CA'] });
    const browser = await own.launch();
    const number = newNumber('CA');
    await browser.savePhone(number);
    await platform.call('PATCH', `/v1/tenants/${own.tenant.id}`, { json: { sms_countries: ['US'] }, headers: { 'if-match': '"1"' } });
    problem(await browser.call('POST', '/api/phone/send-code'), 422, 'country_not_allowed');
    assert.deepEqual(await sandbox.messagesTo(number), []);
  });

  test('saving the same number again does not open another text', async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    await browser.textMe('/api/phone/send-code', number);
    await browser.savePhone(number);
    problem(await browser.call('POST', '/api/phone/send-code'), 429, 'resend_too_early');
  });

  test('an unverified number gets three texts a day', async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    for (let i = 0; i < 3; i++) {
      await browser.textMe('/api/phone/send-code', number);
      // The session of a first set-up lives ten minutes: the user is launched anew.
      await pass(db, browser, '6 minutes');
      await store.relaunch(browser);
    }
    const refusal = problem(await browser.call('POST', '/api/phone/send-code'), 429, 'limit_phone');
    assert.ok(refusal.retry_after > 3600);
    assert.equal((await sandbox.messagesTo(number)).length, 3);
  });
});

describe('phone_verify', () => {
  test('names bad fields; a backup code is no proof of a phone', async () => {
    const browser = await store.launch();
    problem(await browser.call('POST', '/api/phone/verify', { json: {} }), 422, 'body_invalid', '/code', '/challenge');
    problem(await verify(browser, 'AAAAA-AAAAA', 'x'), 422, 'body_invalid', '/code', '/challenge');
  });

  test('a wrong code counts, the right one verifies and makes the session ready', async () => {
    const browser = await store.launch();
    const number = newNumber();
    await browser.savePhone(number);
    const { id, code } = await browser.textMe('/api/phone/send-code', number);
    const refusal = problem(await verify(browser, wrongCode(code), id), 422, 'code_wrong', '/code');
    assert.equal(refusal.tries_left, 4);
    const before = browser.cookies.get('__Host-sid');
    const { session, removed } = expect(await verify(browser, code, id), 200);
    assert.deepEqual([session.state, session.phone.state, removed], ['ready', 'verified', false]);
    assert.notEqual(browser.cookies.get('__Host-sid'), before);
    assert.ok(session.fresh_until);
  });

  test('ENR-2 nothing but the code verifies: a code of the second step does not', async () => {
    const browser = await store.signedIn();
    await store.relaunch(browser);
    const { id, code } = await browser.textMe();
    expect(await browser.verify(code, { challenge: id }), 200);
    problem(await verify(browser, code, id), 422, 'code_expired');
  });
});

describe('phone_change', () => {
  const proveByText = async (browser) => {
    const { id, code } = await browser.textMe('/api/phone/change/send-code');
    return expect(await prove(browser, { code, challenge: id }), 200);
  };

  test('refuses a stale session, a wrong code and a user without a phone', async () => {
    const browser = await store.launch();
    await browser.setUpAuthenticator();
    problem(await browser.call('POST', '/api/phone/change/send-code'), 409, 'no_phone');
    const other = await store.signedIn();
    const { id, code } = await other.textMe('/api/phone/change/send-code');
    problem(await prove(other, { code: wrongCode(code), challenge: id }), 422, 'code_wrong', '/code');
    await pass(db, other, '10 minutes');
    await other.session();
    await pass(db, other, '6 minutes');
    problem(await prove(other, { code, challenge: id }), 403, 'fresh_session_required');
  });

  test('the old number works until the new one is verified, then it is gone', async () => {
    const browser = await store.signedIn();
    const [old, next] = [browser.number, newNumber()];
    const { change_until } = await proveByText(browser);
    assert.ok(Date.parse(change_until) > Date.now());
    expect(await browser.savePhone(next), 200);
    const between = await browser.session();
    assert.deepEqual([between.phone.state, between.pending_phone.state], ['verified', 'unverified']);
    assert.ok(between.phone.hint.endsWith(old.slice(-2)) && between.pending_phone.hint.endsWith(next.slice(-2)));

    const elsewhere = await store.relaunch(browser.copy());
    await elsewhere.secondStep();

    const { id, code } = await browser.textMe('/api/phone/send-code', next);
    const { session, removed } = expect(await verify(browser, code, id), 200);
    assert.equal(removed, true);
    assert.deepEqual([session.phone.state, session.pending_phone], ['verified', null]);
    assert.ok(session.phone.hint.endsWith(next.slice(-2)));
    await pass(db, browser, '3 minutes');
    await store.relaunch(browser);
    await browser.textMe('/api/second-step/send-code', next);
    assert.equal((await sandbox.messagesTo(old)).length, 3);
  });

  test('an authenticator code and a backup code prove as well', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    const [backup] = await browser.backupCodes();
    await steadyStep();
    expect(await prove(browser, { code: browser.totp() }), 200);
    expect(await prove(browser, { code: backup }), 200);
    problem(await prove(browser, { code: backup }), 422, 'code_wrong');
    expect(await browser.savePhone(newNumber()), 200);
  });

  test('a proof lasts ten minutes, for this session only', async () => {
    const browser = await store.signedIn();
    await proveByText(browser);
    const other = await store.relaunch(browser.copy());
    await other.secondStep();
    problem(await other.savePhone(newNumber()), 403, 'proof_required');
    await pass(db, browser, '11 minutes');
    problem(await browser.savePhone(newNumber()), 403, 'proof_required');
  });
});

describe('phone_remove', () => {
  test('refuses the last method, and a stale session', async () => {
    const browser = await store.signedIn();
    problem(await browser.call('DELETE', '/api/phone'), 409, 'last_method');
    await pass(db, browser, '10 minutes');
    await browser.session();
    await pass(db, browser, '6 minutes');
    problem(await browser.call('DELETE', '/api/phone'), 403, 'fresh_session_required');
  });

  test('removes it beside an authenticator; then there is none', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    expect(await browser.call('DELETE', '/api/phone'), 204);
    problem(await browser.call('DELETE', '/api/phone'), 409, 'no_phone');
    const session = await browser.session();
    assert.deepEqual([session.phone, session.preferred_method], [null, 'authenticator']);
    problem(await (await store.relaunch(browser)).call('POST', '/api/second-step/send-code'), 409, 'no_phone');
  });

  test('of both last methods removed at once one stays', async () => {
    const browser = await store.signedIn();
    await browser.setUpAuthenticator();
    const answers = await Promise.all(['/api/phone', '/api/authenticator'].map((path) => browser.call('DELETE', path)));
    assert.deepEqual(answers.map((one) => one.status).sort(), [204, 409]);
  });
});
