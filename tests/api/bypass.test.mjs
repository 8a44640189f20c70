// ENR-4: named, reasoned, at most 24 hours, by two people, in the audit trail.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';
import { setRows, personOf } from '../harness/clock.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'user_01kamp5sw0fh4rjv2x0bq2mtjx';
const ASKED = { reason: 'phone lost', by: 'Kim', hours: 2 };

// An admin who has to do the second step and cannot; and calls for that user.
async function lostPhone({ methods = true } = {}) {
  const store = await platform.store();
  const browser = methods ? await store.signedIn() : await store.launch();
  if (methods) await store.relaunch(browser);
  const { user } = await browser.session();
  const at = `/v1/tenants/${store.tenant.id}/users/${user.id}`;
  return {
    store, browser, id: user.id,
    ask: (more = {}, to = at) => platform.call('POST', `${to}/bypass`, { json: { ...ASKED, ...more } }),
    approve: (by = 'Lee', to = at) => platform.call('POST', `${to}/bypass/approve`, { json: { by } }),
    end: (to = at) => platform.call('DELETE', `${to}/bypass`),
    read: async () => expect(await platform.call('GET', at), 200),
    use: (who = browser) => who.call('POST', '/api/second-step/bypass'),
    elsewhere: at.replace(user.id, UNKNOWN),
  };
}
const kinds = async (browser) => {
  const { person } = await personOf(db, browser);
  const rows = await db.rows(`select kind from (select kind, event_id from app.event_entries where user_id = $1 union select kind, event_id from app.event_lines where user_id = $1) e where kind like 'bypass%' order by event_id`, person);
  return rows.map((one) => one.kind);
};

describe('bypass_request, bypass_approve, bypass_end', () => {
  test('name bad fields, and refuse unknown and removed users', async () => {
    const one = await lostPhone();
    problem(await one.ask({ hours: 25, by: '', reason: 'x'.repeat(201), to: 1 }), 422, 'body_invalid', '/by', '/hours', '/reason', '/to');
    problem(await platform.call('POST', `${one.elsewhere}/bypass`, { json: {} }), 422, 'body_invalid', '/by', '/hours', '/reason');
    problem(await one.approve(''), 422, 'body_invalid', '/by');
    problem(await one.ask({}, one.elsewhere), 404, 'not_found');
    problem(await one.approve('Lee', one.elsewhere), 404, 'not_found');
    problem(await one.end(one.elsewhere), 404, 'not_found');
    await setRows(db, one.browser, 'users', 'removed_at = now()');
    problem(await one.ask(), 409, 'user_removed');
    problem(await one.approve(), 409, 'user_removed');
  });

  test('need another person, whatever the spelling, and each request is approved once', async () => {
    const one = await lostPhone();
    problem(await one.approve(), 409, 'no_bypass');
    const { bypass } = expect(await one.ask(), 201);
    assert.deepEqual({ ...bypass, expires_at: 0 }, { state: 'requested', by: 'Kim', approved_by: null, reason: 'phone lost', hours: 2, expires_at: 0 });
    problem(await one.ask(), 409, 'bypass_exists');
    for (const by of ['Kim', 'kim', ' KIM ']) problem(await one.approve(by), 409, 'same_person', '/by');
    const answers = await Promise.all(['Lee', 'Sam', 'Lou'].map((by) => one.approve(by)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    for (const answer of answers.filter((answer) => answer.status !== 200)) problem(answer, 409, 'no_bypass');
    const approved = (await one.read()).bypass;
    assert.equal(approved.state, 'approved');
    assert.ok(Math.abs(Date.parse(approved.expires_at) - Date.now() - 2 * 3_600_000) < 60_000);
    assert.equal(await db.value(`select count(*) from app.bypasses b where app.typeid('user', user_id) = $1 and requested_key is not null and approved_key is not null`, one.id), 1);
  });

  test('a request lapses after a day, a bypass after its hours', async () => {
    const one = await lostPhone();
    await one.ask();
    await setRows(db, one.browser, 'bypasses', `requested_at = requested_at - interval '25 hours', expires_at = expires_at - interval '25 hours'`);
    problem(await one.approve(), 409, 'no_bypass');
    assert.equal((await one.read()).bypass, null);
    expect(await one.ask({ hours: 1 }), 201);
    expect(await one.approve(), 200);
    await setRows(db, one.browser, 'bypasses', `requested_at = requested_at - interval '61 minutes', approved_at = approved_at - interval '61 minutes', expires_at = expires_at - interval '61 minutes'`);
    problem(await one.use(), 403, 'bypass_refused');
    assert.equal((await one.browser.session()).bypass, null);
  });
});

describe('second_step_bypass', () => {
  test('a request alone, and no bypass at all, let nobody in', async () => {
    const one = await lostPhone();
    const other = await lostPhone();
    await other.ask();
    await other.approve();
    assert.deepEqual(problem(await one.use(), 403, 'bypass_refused').alternatives, ['sms']);
    await one.ask();
    problem(await one.use(), 403, 'bypass_refused');
    assert.equal((await one.browser.session()).bypass, null);
  });

  test('lets the user in, not fresh, no longer than it holds, and says so in the audit trail', async () => {
    const one = await lostPhone();
    await one.ask();
    await one.approve();
    const { bypass } = await one.browser.session();
    assert.equal(bypass.approved_by, 'Lee');
    const session = expect(await one.use(), 200);
    assert.deepEqual([session.state, session.fresh_until, session.bypass], ['ready', null, null]);
    assert.ok(Date.parse(session.expires_at) <= Date.parse(bypass.expires_at));
    expect(await one.browser.call('GET', '/api/profile'), 200);
    for (const [method, path] of [['POST', '/api/backup-codes'], ['DELETE', '/api/phone'], ['POST', '/api/authenticator']]) {
      problem(await one.browser.call(method, path), 403, 'fresh_session_required');
    }
    problem(await one.use(), 403, 'bypass_refused');
    assert.deepEqual(await kinds(one.browser), ['bypass_requested', 'bypass_approved', 'bypass_used']);
    const { person } = await personOf(db, one.browser);
    assert.equal(await db.value(`select count(*) from app.sessions where user_id = $1 and amr = '{bypass}'`, person), 1);
  });

  test('somebody without any method comes in and sets one up, which makes fresh', async () => {
    const one = await lostPhone({ methods: false });
    await one.ask();
    await one.approve();
    assert.equal((await one.browser.session()).state, 'set_up');
    expect(await one.use(), 200);
    problem(await one.browser.call('POST', '/api/backup-codes'), 403, 'fresh_session_required');
    await one.browser.setUpAuthenticator();
    expect(await one.browser.call('POST', '/api/backup-codes'), 201);
  });

  test('ending it ends the sessions that came in by it at once, and no others', async () => {
    const one = await lostPhone();
    const proved = await one.store.relaunch(one.browser.copy());
    await proved.secondStep();
    await one.ask();
    await one.approve();
    expect(await one.use(), 200);
    expect(await one.end(), 204);
    problem(await one.browser.call('GET', '/api/session'), 401, 'session_required');
    await proved.session();
    expect(await one.end(), 204);
    assert.equal((await kinds(proved)).filter((kind) => kind === 'bypass_ended').length, 1);
    await one.store.relaunch(one.browser);
    problem(await one.use(), 403, 'bypass_refused');
  });

  test('does not open a lock', async () => {
    const one = await lostPhone();
    await one.ask();
    await one.approve();
    await setRows(db, one.browser, 'users', `locked_until = now() + interval '1 hour'`);
    problem(await one.use(), 429, 'locked');
  });
});
