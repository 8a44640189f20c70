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
