import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, Panel, problem, expect } from '../harness/suite.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const user = { external_id: '42', name: 'Ann Arbor', role: 'admin' };
const create = (store, json) => store.call('POST', '/v1/launches', { json });
const expire = (launch) => db.rows(`update app.launches set expires_at = now() - interval '1 second' where app.typeid('launch', launch_id) = $1`, launch.id);

describe('launch_create', () => {
  test('names every bad field at once', async () => {
    const store = await platform.store();
    problem(await create(store, {}), 422, 'body_invalid', '/user');
    problem(await create(store, { user: {} }), 422, 'body_invalid', '/user/external_id', '/user/name', '/user/role');
    problem(await create(store, {
      user: { external_id: '', email: 'x'.repeat(255), name: 'y'.repeat(81), role: 'root', locale: 'it', tenant: 'x' }, destination: '//evil.example', return_url: 7, x: 1,
    }), 422, 'body_invalid', '/user/external_id', '/user/email', '/user/name', '/user/role', '/user/locale', '/user/tenant', '/destination', '/return_url', '/x');
  });

  test('SSO-5 the destination is one of a list, never an address', async () => {
    const store = await platform.store();
    const hostile = ['https://evil.example', '//evil.example', '/\\evil.example', '/profile/../..', '/profile?next=//evil', 'javascript:alert(1)', '', '/Profile', '/profile/', '%2f%2fevil'];
    for (const destination of hostile) problem(await create(store, { user, destination }), 422, 'body_invalid', '/destination');
    for (const destination of ['/', '/profile', '/profile/phone', '/profile/authenticator', '/profile/backup-codes']) expect(await create(store, { user, destination }), 201);
  });

  test('SSO-5 return_url must be of a registered origin', async () => {
    const store = await platform.store({ return_origins: ['https://shop.example'] });
    const hostile = ['https://evil.example/', 'https://shop.example.evil.example/', 'https://shop.example@evil.example/', 'http://shop.example/', 'https://shop.example:444/',
      'https://shop.example\\@evil.example', '//shop.example/', 'javascript:alert(1)', 'https://SHOP.example.evil/', 'https://shop.example%2eevil.example/', ' https://shop.example/'];
    for (const return_url of hostile) problem(await create(store, { user, return_url }), 422, 'body_invalid', '/return_url');
    for (const return_url of ['https://shop.example', 'https://shop.example/admin?x=1#y', 'https://shop.example:443/']) expect(await create(store, { user, return_url }), 201);
    const none = await platform.store();
    problem(await create(none, { user, return_url: 'https://shop.example/' }), 422, 'body_invalid', '/return_url');
  });

  test('says where to post the ticket, by the tenant of the key', async () => {
    const store = await platform.store();
    const launch = expect(await create(store, { user }), 201);
    assert.equal(launch.post_to, `http://${stack.hosts(store.tenant.slug).panel}/launch`);
    assert.match(launch.ticket, /^[0-9A-Za-z_-]{43}$/);
    const life = Date.parse(launch.expires_at) - await db.value(`select extract(epoch from created_at) * 1000 from app.launches where app.typeid('launch', launch_id) = $1`, launch.id);
    assert.equal(Math.round(life / 1000), 60);
  });

  test('only the hash of a ticket is stored', async () => {
    const store = await platform.store();
    const { id, ticket } = await store.ticket();
    const hash = await db.value(`select encode(ticket_hash, 'hex') from app.launches where app.typeid('launch', launch_id) = $1`, id);
    const { createHash } = await import('node:crypto');
    const candidates = [ticket, Buffer.from(ticket, 'base64url')].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    assert.ok(candidates.includes(hash));
  });

  test('the first user becomes owner; later ones are at most admin', async () => {
    const store = await platform.store();
    const roles = [];
    for (const [external_id, role] of [['1', 'viewer'], ['2', 'owner'], ['3', 'viewer']]) {
      roles.push(expect(await create(store, { user: { ...user, external_id, role } }), 201).user.role);
    }
    assert.deepEqual(roles, ['viewer', 'admin', 'viewer']);
    assert.equal(expect(await create(store, { user: { ...user, external_id: '1', role: 'owner' } }), 201).user.role, 'owner');
  });

  test('a launch lowers a role for its session and never raises one', async () => {
    const store = await platform.store();
    await create(store, { user: { ...user, external_id: '0' } });
    const launch = async (role) => expect(await create(store, { user: { ...user, external_id: '7', role } }), 201).user.role;
    assert.deepEqual([await launch('viewer'), await launch('owner'), await launch('admin')], ['viewer', 'viewer', 'viewer']);
    const other = async (role) => expect(await create(store, { user: { ...user, external_id: '8', role } }), 201).user.role;
    assert.deepEqual([await other('admin'), await other('viewer'), await other('owner')], ['admin', 'viewer', 'admin']);
  });

  test('many first launches at once make one owner', async () => {
    const store = await platform.store();
    await Promise.all(Array.from({ length: 8 }, (_, i) => create(store, { user: { ...user, external_id: `u${i}`, role: 'owner' } })));
    assert.equal(await db.value(`select count(*) from app.users u join app.tenants t using (tenant_id) where t.slug = $1 and u.role = 'owner'`, store.tenant.slug), 1);
  });

  test('the same external id is the same user; an equal e-mail is not', async () => {
    const store = await platform.store();
    const launch = async (external_id, email) => expect(await create(store, { user: { ...user, external_id, email } }), 201).user.id;
    const [first, again, other] = [await launch('1', 'a@x.example'), await launch('1', 'b@x.example'), await launch('2', 'b@x.example')];
    assert.equal(first, again);
    assert.notEqual(first, other);
  });

  test('a suspended tenant launches nobody', async () => {
    const store = await platform.store();
    await platform.suspend(store.tenant);
    problem(await create(store, { user }), 403, 'tenant_suspended');
  });
});

describe('launch_revoke', () => {
  test('unknown, foreign, redeemed and expired launches are not found', async () => {
    const [store, other] = [await platform.store(), await platform.store()];
    const revoke = (id) => store.call('DELETE', `/v1/launches/${id}`);
    problem(await revoke('launch_01kamp5sw0fh4rjv2x0bq2mtjx'), 404, 'not_found');
    problem(await revoke('x'), 404, 'not_found');
    problem(await revoke((await other.ticket()).id), 404, 'not_found');
    const redeemed = await store.ticket();
    await new Panel(stack, store.tenant.slug).redeem(redeemed.ticket);
    problem(await revoke(redeemed.id), 404, 'not_found');
    const expired = await store.ticket();
    await expire(expired);
    problem(await revoke(expired.id), 404, 'not_found');
  });

  test('a revoked ticket leads nowhere', async () => {
    const store = await platform.store();
    const { id, ticket } = await store.ticket();
    expect(await store.call('DELETE', `/v1/launches/${id}`), 204);
    const browser = new Panel(stack, store.tenant.slug);
    assert.equal((await browser.redeem(ticket)).headers.location, '/?problem=launch_expired');
    assert.equal(browser.cookies.size, 0);
    problem(await store.call('DELETE', `/v1/launches/${id}`), 404, 'not_found');
  });
});

describe('launch_redeem', () => {
  const leadsNowhere = async (browser, ticket) => {
    const answer = await browser.redeem(ticket);
    assert.deepEqual([answer.status, answer.headers.location, answer.setCookies], [303, '/?problem=launch_expired', []]);
  };

  test('a ticket that is malformed, unknown, expired or of another store leads nowhere, without a cookie', async () => {
    const [store, other] = [await platform.store(), await platform.store()];
    const browser = new Panel(stack, store.tenant.slug);
    for (const ticket of ['', 'x', 'A'.repeat(43), 'A'.repeat(44), 'é'.repeat(43), '!'.repeat(43)]) await leadsNowhere(browser, ticket);
    await leadsNowhere(browser, (await other.ticket()).ticket);
    const expired = await store.ticket();
    await expire(expired);
    await leadsNowhere(browser, expired.ticket);
  });

  test('a ticket works once', async () => {
    const store = await platform.store();
    const { ticket } = await store.ticket();
    const first = await new Panel(stack, store.tenant.slug).redeem(ticket);
    assert.deepEqual([first.status, first.headers.location, first.setCookies.length], [303, '/', 1]);
    await leadsNowhere(new Panel(stack, store.tenant.slug), ticket);
  });

  test('a form without a ticket, or with two, leads nowhere', async () => {
    const store = await platform.store();
    const { ticket } = await store.ticket();
    const browser = new Panel(stack, store.tenant.slug);
    for (const body of ['', 'other=1', `ticket=${ticket}&ticket=${ticket}`]) {
      const answer = await browser.call('POST', '/launch', { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
      assert.deepEqual([answer.status, answer.headers.location], [303, '/?problem=launch_expired'], body);
    }
    assert.equal((await browser.redeem(ticket)).headers.location, '/');
  });

  test('SSO-3 nothing secret is in the address, and the session starts at the first step only', async () => {
    const store = await platform.store({ return_origins: ['https://shop.example'] });
    const browser = await store.launch({ destination: '/profile/phone', return_url: 'https://shop.example/admin', user: { name: 'Ann', email: 'ann@x.example', role: 'owner', locale: 'de' } });
    const session = await browser.session();
    assert.equal(session.state, 'set_up');
    assert.deepEqual([session.destination, session.return_url], ['/profile/phone', 'https://shop.example/admin']);
    assert.deepEqual({ ...session.user, id: 0 }, { id: 0, name: 'Ann', email: 'ann@x.example', role: 'owner', locale: 'de' });
    assert.deepEqual(session.store, { name: store.tenant.name, slug: store.tenant.slug, country: 'US' });
    assert.deepEqual([session.methods, session.preferred_method, session.phone, session.challenge, session.fresh_until], [[], null, null, null, null]);
  });

  test('an unknown store is an unknown host', async () => {
    const browser = new Panel(stack, 'nobody-has-this');
    const answer = await browser.call('POST', '/launch', { form: { ticket: 'A'.repeat(43) } });
    assert.ok(answer.status === 421 || answer.headers.location === '/?problem=launch_expired', `${answer.status}`);
    assert.deepEqual(answer.setCookies, []);
  });
});
