import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'user_01kamp5sw0fh4rjv2x0bq2mtjx';
const idOf = async (browser) => (await browser.session()).user.id;

// A store with its owner and an admin, both signed in.
async function team() {
  const store = await platform.store();
  const owner = await store.signedIn({ user: { role: 'owner' } });
  const admin = await store.signedIn({ user: { name: 'Bob Admin' } });
  return { store, owner, admin, me: await idOf(owner), id: await idOf(admin) };
}

describe('team_list, team_read', () => {
  test('are the owner\'s alone: by role, by launch, by second step', async () => {
    const { store, owner, admin, id } = await team();
    for (const path of ['/api/users', `/api/users/${id}`]) {
      problem(await admin.call('GET', path), 403, 'owner_required');
      problem(await (await store.launch({ user: { role: 'owner' } })).call('GET', path), 403, 'second_step_required');
      expect(await owner.call('GET', path), 200);
    }
    const lowered = await store.relaunch(owner.copy(), { user: { role: 'admin' } });
    await lowered.secondStep();
    problem(await lowered.call('GET', '/api/users'), 403, 'owner_required');
    await setRows(db, owner, 'users', `role = 'admin'`);
    problem(await owner.call('GET', '/api/users'), 403, 'owner_required');
  });

  test('refuse bad queries', async () => {
    const { owner } = await team();
    problem(await owner.call('GET', '/api/users?state=x&q=&cursor=1&sort=name'), 422, 'body_invalid', '?cursor', '?q', '?sort', '?state');
  });

  test('show what the platform sees, and no user of another store', async () => {
    const { store, owner, id } = await team();
    const stranger = await idOf(await (await platform.store()).signedIn());
    for (const one of [UNKNOWN, stranger, 'x']) problem(await owner.call('GET', `/api/users/${one}`), 404, 'not_found');
    const page = expect(await owner.call('GET', '/api/users'), 200);
    assert.deepEqual(page, expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/users`), 200));
    assert.deepEqual(page.items.map((one) => [one.role, one.second_step]), [['owner', 'set_up'], ['admin', 'set_up']]);
    assert.deepEqual(expect(await owner.call('GET', '/api/users?q=bob&limit=1'), 200).items.map((one) => one.id), [id]);
    assert.deepEqual(expect(await owner.call('GET', `/api/users/${id}`), 200), page.items[1]);
  });
});

describe('team_lock, team_unlock, team_reset, team_sessions_end', () => {
  const post = (who, id, what, json = { reason: 'a test' }) => who.call('POST', `/api/users/${id}/${what}`, { json });

  test('are a fresh owner\'s alone', async () => {
    const { owner, admin, me, id } = await team();
    for (const what of ['lock', 'unlock', 'reset']) problem(await post(admin, me, what), 403, 'owner_required');
    problem(await admin.call('DELETE', `/api/users/${me}/sessions`), 403, 'owner_required');
    problem(await owner.call('POST', `/api/users/${id}/lock`, { json: { reason: 'x' }, headers: { origin: null } }), 403, 'origin_refused');
    await setRows(db, owner, 'sessions', `second_step_at = now() - interval '16 minutes'`);
    for (const what of ['lock', 'unlock', 'reset']) problem(await post(owner, id, what), 403, 'fresh_session_required');
    problem(await owner.call('DELETE', `/api/users/${id}/sessions`), 403, 'fresh_session_required');
  });

  test('name bad fields, and refuse oneself, unknown, foreign and removed users', async () => {
    const { store, owner, me, id } = await team();
    const stranger = await idOf(await (await platform.store()).signedIn());
    for (const what of ['lock', 'unlock', 'reset']) {
      problem(await post(owner, id, what, { reason: '', role: 'owner' }), 422, 'body_invalid', '/reason', '/role');
      problem(await post(owner, me, what), 409, 'not_yourself');
      for (const one of [UNKNOWN, stranger, 'x']) problem(await post(owner, one, what), 404, 'not_found');
    }
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/users/${id}`), 204);
    for (const what of ['lock', 'unlock', 'reset']) problem(await post(owner, id, what), 409, 'user_removed');
  });

  test('do to another user what they say, at once, and the trail names the owner', async () => {
    const { store, owner, admin, me, id } = await team();
    const locked = expect(await post(owner, id, 'lock', { reason: 'stolen' }), 200);
    assert.deepEqual([locked.state, locked.lock_reason], ['locked', 'stolen']);
    problem(await admin.call('GET', '/api/session'), 401, 'session_required');
    problem(await store.call('POST', '/v1/launches', { json: { user: { external_id: admin.externalId, name: 'Bob', role: 'admin' } } }), 403, 'user_locked');
    assert.equal(expect(await post(owner, id, 'unlock'), 200).state, 'active');
    await store.relaunch(admin);
    expect(await owner.call('DELETE', `/api/users/${id}/sessions`), 204);
    problem(await admin.call('GET', '/api/session'), 401, 'session_required');
    assert.equal(expect(await post(owner, id, 'reset'), 200).second_step, 'none');
    const trail = await db.rows(`select kind, app.typeid('user', actor_id) as actor from (select kind, actor_id, user_id from app.event_entries union all select kind, actor_id, user_id from app.event_lines) e
      where app.typeid('user', user_id) = $1 and kind in ('user_locked', 'user_unlocked', 'user_reset', 'user_sessions_ended')`, id);
    assert.deepEqual(trail.map((one) => one.kind).sort(), ['user_locked', 'user_reset', 'user_sessions_ended', 'user_unlocked']);
    assert.ok(trail.every((one) => one.actor === me));
    expect(await owner.call('DELETE', `/api/users/${me}/sessions`), 204);
    problem(await owner.call('GET', '/api/session'), 401, 'session_required');
  });

  test('of two owners who lock each other at once exactly one wins', async () => {
    for (let round = 0; round < 4; round++) {
      const { store, owner, admin, me, id } = await team();
      await setRows(db, admin, 'users', `role = 'owner'`);
      await setRows(db, admin, 'sessions', `role = 'owner'`);
      const answers = await Promise.all([post(owner, id, 'lock'), post(admin, me, 'lock')]);
      assert.deepEqual(answers.map((one) => one.status === 200).sort(), [false, true], answers.map((one) => one.text).join('\n'));
      assert.ok(['owner_required', 'session_required'].includes(answers.find((one) => one.status !== 200).json.code));
      const states = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/users`), 200).items.map((one) => one.state);
      assert.deepEqual(states.sort(), ['active', 'locked']);
    }
  });
});
