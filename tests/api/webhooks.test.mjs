import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { suite, problem, expect, until } from '../harness/suite.mjs';
import { Endpoint, open } from '../harness/webhooks.mjs';

const { stack, platform, db } = await suite({ prism: true, twilioPrism: true });
const UNKNOWN = 'webhook_01kamp5sw0fh4rjv2x0bq2mtjx';
const GOOD = { url: 'https://hooks.platform.example/in', kinds: ['webhook.test'] };
const create = (json) => platform.call('POST', '/v1/webhooks', { json });
const made = [];
async function endpoint(...kinds) {
  const one = await Endpoint.create(stack, platform, kinds.length ? kinds : ['webhook.test']);
  made.push(one);
  if (made.length > 8) await made.shift().call('DELETE'); // there is room for twenty
  return one;
}
describe('webhook_create', () => {
  test('names bad fields', async () => {
    problem(await create({}), 422, 'body_invalid', '/url', '/kinds');
    problem(await create({ ...GOOD, kinds: [], secret: 'x' }), 422, 'body_invalid', '/kinds', '/secret');
    problem(await create({ ...GOOD, kinds: ['tenant.eaten'] }), 422, 'body_invalid', '/kinds');
    problem(await create({ ...GOOD, kinds: 'all' }), 422, 'body_invalid', '/kinds');
  });

  test('API-5 takes no address that leads elsewhere than to port 443 of a public host by https', async () => {
    const urls = ['http://hooks.platform.example/', 'https://hooks.platform.example:8443/', 'https://hooks.platform.example:22/', 'https://user@hooks.platform.example/', 'https://hooks.platform.example/#x', 'ftp://hooks.platform.example/',
      'https://hooks.platform.example\\@localhost/', 'https://', 'https:///x', 'https://a b.example.com/', 'https://hooks.platform.example/\n', 'file:///etc/passwd', 'gopher://x/', 'https://höoks.example.com/', 'HTTPS://hooks.platform.example/', `https://hooks.platform.example/${'x'.repeat(2048)}`];
    for (const url of urls) problem(await create({ ...GOOD, url }), 422, 'body_invalid', '/url');
  });

  test('AZ-3 the secret is shown once, has the form that the specification wants, and is stored sealed', async () => {
    const one = await endpoint();
    assert.match(one.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(Buffer.from(one.secret.slice(6), 'base64').length, 32);
    for (const path of ['', '/deliveries']) assert.ok(!(await one.call('GET', path)).text.includes(one.secret.slice(6)));
    assert.ok(!expect(await platform.call('GET', '/v1/webhooks?limit=200'), 200).items.some((item) => 'secret' in item));
    const stored = await db.value(`select secret_sealed from app.webhooks where app.typeid('webhook', webhook_id) = $1`, one.id);
    assert.ok(!stored.includes(Buffer.from(one.secret.slice(6), 'base64')) && !stored.includes(one.secret.slice(6)));
  });

  test('the same request again gets the same secret', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await platform.call('POST', '/v1/webhooks', { json: GOOD, headers });
    const second = await platform.call('POST', '/v1/webhooks', { json: GOOD, headers });
    stack.secret(expect(first, 201).secret);
    assert.deepEqual(second.json, first.json);
    assert.equal(second.headers['idempotent-replayed'], 'true');
    expect(await platform.call('DELETE', `/v1/webhooks/${first.json.id}`), 204);
  });

  test('there are at most twenty, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => create(GOOD)));
    const good = answers.filter((one) => one.status === 201);
    for (const answer of answers.filter((one) => one.status !== 201)) problem(answer, 409, 'too_many_webhooks');
    assert.equal(await db.value('select count(*) from app.webhooks where deleted_at is null'), 20);
    for (const { json } of good) {
      stack.secret(json.secret);
      expect(await platform.call('DELETE', `/v1/webhooks/${json.id}`), 204);
    }
    assert.ok(good.length >= 10);
  });
});

describe('what is not there', () => {
  for (const [method, what, json] of [['GET', ''], ['PATCH', '', { kinds: ['*'] }], ['DELETE', ''], ['POST', '/rotate'], ['POST', '/enable'], ['POST', '/test'], ['POST', '/replay', { since: '2026-11-22T00:00:00Z' }], ['GET', '/deliveries']]) {
    test(`${method} …${what}: unknown and deleted endpoints are not found`, async () => {
      const gone = await endpoint();
      await gone.remove();
      for (const id of [UNKNOWN, gone.id, 'x']) {
        problem(await platform.call(method, `/v1/webhooks/${id}${what}`, { json, headers: method === 'PATCH' ? { 'if-match': '"1"' } : {} }), 404, 'not_found');
      }
    });
  }
});

describe('webhook_list', () => {
  test('pages through all of them, oldest first', async () => {
    const [first, second] = [await endpoint(), await endpoint()];
    const seen = [];
    let cursor = '';
    do {
      const page = expect(await platform.call('GET', `/v1/webhooks?limit=1${cursor && `&cursor=${cursor}`}`), 200);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor);
    assert.ok(seen.indexOf(first.id) < seen.indexOf(second.id));
    assert.deepEqual(seen, seen.toSorted());
  });
});

describe('webhook_change', () => {
  test('needs the present ETag, and something to change', async () => {
    const one = await endpoint();
    problem(await one.call('PATCH', '', { json: { kinds: ['*'] } }), 428, 'precondition_required');
    problem(await one.call('PATCH', '', { json: { kinds: ['*'] }, headers: { 'if-match': '"7"' } }), 412, 'precondition_failed');
    problem(await one.call('PATCH', '', { json: {}, headers: { 'if-match': '"1"' } }), 422, 'body_invalid', '');
    problem(await one.call('PATCH', '', { json: { kinds: ['tenant.eaten'] }, headers: { 'if-match': '"1"' } }), 422, 'body_invalid', '/kinds');
    problem(await one.call('PATCH', '', { json: { url: 'http://example.com', state: 'enabled' }, headers: { 'if-match': '"1"' } }), 422, 'body_invalid', '/url', '/state');
  });

  test('other kinds keep the secret', async () => {
    const one = await endpoint();
    const answer = await one.call('PATCH', '', { json: { kinds: ['tenant.created', '*'], url: one.url }, headers: { 'if-match': '"1"' } });
    assert.deepEqual(expect(answer, 200).kinds, ['*']);
    assert.equal(answer.headers.etag, '"2"');
    assert.ok(!('secret' in answer.json));
    expect(await one.call('PATCH', '', { json: { kinds: ['webhook.test'] }, headers: { 'if-match': '"2"' } }), 200);
    expect(await one.call('POST', '/test'), 202);
    await one.until(1);
  });

  test('AZ-3 another URL gets a new secret at once, and the old ones sign nothing more', async () => {
    const one = await endpoint();
    expect(await one.call('POST', '/rotate', { json: { grace_seconds: 600 } }), 201);
    const { secret } = expect(await one.call('PATCH', '', { json: { url: `${one.url}/moved` }, headers: { 'if-match': '*' } }), 200);
    assert.notEqual(stack.secret(secret), one.secret);
    assert.equal((await one.read()).old_secret_expires_at, null);
    expect(await one.call('POST', '/test'), 202);
    const old = one.secret;
    Object.assign(one, { path: `${one.path}/moved`, secret });
    await one.until(1);
    const [message] = await one.posted();
    assert.ok(!message.signature.includes(' '));
    assert.throws(() => open(message, old));
  });
});

describe('webhook_rotate', () => {
  test('names a bad grace', async () => {
    const one = await endpoint();
    for (const grace_seconds of [-1, 604801]) problem(await one.call('POST', '/rotate', { json: { grace_seconds } }), 422, 'body_invalid', '/grace_seconds');
  });

  test('both secrets sign until the grace is over, then the new one alone', async () => {
    const one = await endpoint();
    const rotated = expect(await one.call('POST', '/rotate', { json: { grace_seconds: 600 } }), 201);
    stack.secret(rotated.secret);
    assert.ok(Date.parse(rotated.old_secret_expires_at) > Date.now());
    expect(await one.call('POST', '/test'), 202);
    const [{ id }] = await one.until(1);
    const [message] = await one.posted();
    assert.match(message.signature, /^v1,\S+ v1,\S+$/);
    assert.equal(open(message, rotated.secret).id, id);
    await db.rows(`update app.webhooks set old_secret_until = now() where app.typeid('webhook', webhook_id) = $1`, one.id);
    assert.equal((await one.read()).old_secret_expires_at, null);
    expect(await one.call('POST', '/test'), 202);
    const [, second] = await one.untilPosted('a second message', (posted) => posted.length === 2);
    assert.throws(() => open(second, one.secret));
    open(second, rotated.secret);
  });

  test('without a grace the old secret ends at once', async () => {
    const one = await endpoint();
    const { secret, old_secret_expires_at } = expect(await one.call('POST', '/rotate'), 201);
    stack.secret(secret);
    assert.equal(old_secret_expires_at, null);
    expect(await one.call('POST', '/test'), 202);
    const [message] = await one.untilPosted('a message', (posted) => posted.length === 1);
    assert.throws(() => open(message, one.secret));
    open(message, secret);
  });
});

describe('messages', () => {
  test('are what the specification says: headers, body, a signature that the library takes', async () => {
    const one = await endpoint('tenant.created');
    const tenant = await platform.tenant();
    await one.until(1);
    const mine = (await one.posted()).find(({ body }) => body.includes(tenant.id));
    assert.match(mine.id, /^event_[0-9a-z]{26}$/);
    assert.ok(Math.abs(mine.timestamp - Date.now() / 1000) < 60);
    assert.equal(mine.headers['content-type'], 'application/json');
    const { type, timestamp, data } = new Webhook(one.secret).verify(mine.body, mine.headers);
    assert.deepEqual([type, data], ['tenant.created', { tenant: tenant.id, slug: tenant.slug }]);
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.throws(() => new Webhook(one.secret).verify(mine.body.replace('created', 'changed'), mine.headers));
    assert.throws(() => new Webhook(one.secret).verify(mine.body, { ...mine.headers, 'webhook-id': 'event_x' }));
  });

  test('only of the kinds that were asked for; nothing that is personal', async () => {
    const [all, some] = [await endpoint('*'), await endpoint('tenant.suspended')];
    const store = await platform.store({ name: 'Very Secret Name' });
    const browser = await store.launch({ user: { name: 'Ann Private', email: 'ann@private.example', external_id: 'ext-private', role: 'admin' } });
    await browser.setUpAuthenticator();
    expect(await platform.suspend(store.tenant), 200);
    const ours = ({ data }) => data.tenant === store.tenant.id;
    const types = await until('all of them', async () => {
      const taken = (await all.taken()).filter(ours).map(({ type }) => type);
      return taken.at(-1) === 'tenant.suspended' && taken;
    });
    assert.deepEqual(types, ['tenant.created', 'limit.changed', 'key.created', 'method.added', 'tenant.suspended']);
    await until('the other, too', async () => (await some.taken()).some(ours));
    assert.deepEqual((await some.taken()).filter(ours).map(({ type }) => type), ['tenant.suspended']);
    for (const { body } of await all.posted()) assert.doesNotMatch(body, /Private|private|Secret Name|ext-/);
    const added = (await all.taken()).find((message) => ours(message) && message.type === 'method.added');
    assert.match(added.data.user, /^user_/);
    assert.equal(added.data.method, 'authenticator');
  });

  test('a refused change tells nothing', async () => {
    const one = await endpoint('tenant.created');
    const tenant = await platform.tenant();
    problem(await platform.call('POST', '/v1/tenants', { json: { slug: tenant.slug, name: 'X', country: 'US' } }), 409, 'slug_taken');
    await one.until(1);
    assert.equal((await one.deliveries('?limit=200')).filter((item) => item.tenant === tenant.id).length, 1);
  });
});

describe('failures', () => {
  test('a redirect is a failure and is not followed', async () => {
    const one = await endpoint();
    await one.fault({ status: 302, headers: { location: `http://localhost:${stack.ports.webhook}${one.path}/elsewhere` } });
    expect(await one.call('POST', '/test'), 202);
    const [delivery] = await until('a failure', async () => {
      const list = await one.deliveries();
      return list[0].last_status === 302 && list;
    });
    assert.deepEqual([delivery.state, delivery.attempts], ['queued', 1]);
    assert.ok(Date.parse(delivery.next_attempt_at) - Date.parse(delivery.last_attempt_at) < 10_000);
    assert.ok((await one.read()).failing_since);
    await one.hurry();
    await one.until(1);
    assert.equal((await one.read()).failing_since, null);
    assert.ok(!(await one.control('GET', `/_received?path=${one.path}/elsewhere`)).messages.length);
  });

  test('410 disables at once; enabling it again sends what waits', async () => {
    const one = await endpoint();
    await one.fault({ status: 410 });
    expect(await one.call('POST', '/test'), 202);
    const seen = await until('it to be disabled', async () => {
      const read = await one.read();
      return read.state === 'disabled' && read;
    });
    assert.equal(seen.disabled_reason, 'gone');
    problem(await one.call('POST', '/test'), 409, 'webhook_disabled');
    problem(await one.call('POST', '/replay', { json: { since: '2026-11-22T00:00:00Z' } }), 409, 'webhook_disabled');
    assert.match(stack.serverLog(), new RegExp(`webhook_disabled.*${one.id}`));
    const enabled = expect(await one.call('POST', '/enable'), 200);
    assert.deepEqual([enabled.state, enabled.disabled_reason, enabled.failing_since], ['enabled', null, null]);
    await one.until(1);
  });

  test('Retry-After of a 429 and a 503 is kept; of another answer it is not', async () => {
    const one = await endpoint();
    for (const [status, headers, least, most] of [[429, { 'retry-after': '120' }, 119, 125], [503, { 'retry-after': '200' }, 199, 205], [500, { 'retry-after': '9000' }, 0, 400]]) {
      await one.fault({ status, headers });
      const { id } = expect(await one.call('POST', '/test'), 202);
      const delivery = await until('a failure', async () => (await one.deliveries()).find((item) => item.id === id && item.last_status === status));
      const wait = (Date.parse(delivery.next_attempt_at) - Date.parse(delivery.last_attempt_at)) / 1000;
      assert.ok(wait >= least && wait <= most, `${status}: ${wait}`);
      await one.hurry();
      await until('it to arrive', async () => (await one.deliveries()).find((item) => item.id === id && item.state === 'delivered'));
    }
  });

  test('nonsense and a dropped connection are failures', async () => {
    const one = await endpoint();
    await one.fault({ garbage: true }, { drop: true });
    expect(await one.call('POST', '/test'), 202);
    for (const attempts of [1, 2]) {
      const [delivery] = await until(`failure ${attempts}`, async () => {
        const list = await one.deliveries();
        return list[0].attempts === attempts && list[0].next_attempt_at && list;
      });
      assert.equal(delivery.last_status, null);
      assert.ok(delivery.last_error.length > 0);
      await one.hurry();
    }
    await one.until(1);
  });

  test('API-5 an inner address that a name leads to is refused when it is connected to', async () => {
    const made = expect(await create({ url: 'https://inner.localhost/hooks', kinds: ['webhook.test'] }), 201);
    stack.secret(made.secret);
    expect(await platform.call('POST', `/v1/webhooks/${made.id}/test`), 202);
    const delivery = await until('a failure', async () => {
      const [first] = expect(await platform.call('GET', `/v1/webhooks/${made.id}/deliveries`), 200).items;
      return first.last_error && first;
    });
    assert.deepEqual([delivery.last_status, delivery.last_error], [null, 'address refused']);
    expect(await platform.call('DELETE', `/v1/webhooks/${made.id}`), 204);
  });
});

describe('delivery_list', () => {
  test('names bad filters', async () => {
    const one = await endpoint();
    problem(await one.call('GET', '/deliveries?state=lost'), 422, 'body_invalid', '?state');
    problem(await one.call('GET', '/deliveries?tenant=acme'), 422, 'body_invalid', '?tenant');
    problem(await one.call('GET', '/deliveries?kind=x'), 422, 'body_invalid', '?kind');
  });

  test('newest first, in pages, by state and by store', async () => {
    const one = await endpoint('tenant.created', 'tenant.suspended');
    const tenants = [await platform.tenant(), await platform.tenant()];
    await platform.suspend(tenants[0]);
    await one.until(3);
    const seen = [];
    let cursor = '';
    do {
      const page = expect(await one.call('GET', `/deliveries?limit=1${cursor && `&cursor=${cursor}`}`), 200);
      seen.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    assert.deepEqual(seen.map(({ id }) => id), seen.map(({ id }) => id).toSorted().reverse());
    const about = async (query) => (await one.deliveries(query)).map(({ type }) => type);
    assert.deepEqual(await about(`?tenant=${tenants[0].id}`), ['tenant.suspended', 'tenant.created']);
    assert.deepEqual(await about(`?tenant=${tenants[0].id}&state=delivered&limit=1`), ['tenant.suspended']);
    assert.deepEqual(await about(`?state=failed`), []);
    assert.deepEqual((await one.deliveries('?state=delivered&limit=200')).length, seen.length);
  });
});

describe('webhook_replay', () => {
  test('takes a time or a delivery, not both, not neither', async () => {
    const one = await endpoint();
    problem(await one.call('POST', '/replay', { json: {} }), 422, 'body_invalid', '/since');
    problem(await one.call('POST', '/replay', { json: { since: '2026-11-22T00:00:00Z', delivery: 'event_01kamp5sw0fh4rjv2x0bq2mtjx' } }), 422, 'body_invalid', '/delivery');
    for (const since of ['yesterday', '2026-11-22', '2026-02-30T00:00:00Z', '2026-11-22T24:00:00Z', '2026-11-22T00:00:00+01:00', '1999-11-22T00:00:00Z']) problem(await one.call('POST', '/replay', { json: { since } }), 422, 'body_invalid', '/since');
    problem(await one.call('POST', '/replay', { json: { delivery: 'x' } }), 422, 'body_invalid', '/delivery');
    problem(await one.call('POST', '/replay', { json: { delivery: 'event_01kamp5sw0fh4rjv2x0bq2mtjx' } }), 404, 'not_found');
  });

  test('one delivery, or all since a time, under the same ids and in the same order', async () => {
    const one = await endpoint();
    const before = new Date().toISOString();
    for (let i = 0; i < 3; i++) expect(await one.call('POST', '/test'), 202);
    const ids = (await one.until(3)).map(({ id }) => id);
    assert.deepEqual(expect(await one.call('POST', '/replay', { json: { delivery: ids[1] } }), 202), { replayed: 1, go_on_since: null });
    assert.deepEqual((await one.until(4)).map(({ id }) => id), [...ids, ids[1]]);
    await until('all to be delivered', async () => (await one.deliveries('?state=queued')).length === 0);
    assert.equal(expect(await one.call('POST', '/replay', { json: { since: before } }), 202).replayed, 3);
    assert.deepEqual((await one.until(7)).slice(4).map(({ id }) => id), ids);
    assert.equal(expect(await one.call('POST', '/replay', { json: { since: new Date(Date.now() + 60_000).toISOString() } }), 202).replayed, 0);
  });
});

test('webhook_delete: nothing is left', async () => {
  for (const one of made) await one.remove();
  assert.deepEqual(expect(await platform.call('GET', '/v1/webhooks'), 200).items.filter(({ url }) => made.some((one) => one.url === url)), []);
});
