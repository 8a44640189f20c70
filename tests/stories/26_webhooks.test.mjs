// Goal: whatever happens to the endpoint or to us, the platform is told everything, at least once, and about one store in order.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, until } from '../harness/suite.mjs';
import { Endpoint, open } from '../harness/webhooks.mjs';

const { stack, platform, db } = await story({});

// Suspended and resumed `times` times: as many pairs of messages, whose order shows.
async function flip(tenant, times) {
  for (let i = 0; i < times; i++) {
    expect(await platform.suspend(tenant), 200);
    expect(await platform.resume(tenant), 200);
  }
}
const KINDS = ['tenant.suspended', 'tenant.resumed'];
const about = (tenant) => ({ data }) => data.tenant === tenant.id;
const pairs = (times) => Array.from({ length: 2 * times }, (_, i) => KINDS[i % 2]);
const once = (messages) => messages.filter(({ id }, i) => messages.findIndex((one) => one.id === id) === i);

test('a slow endpoint holds up neither requests nor other endpoints; messages about one store come one at a time, in order', async () => {
  const [slow, quick] = [await Endpoint.create(stack, platform, KINDS), await Endpoint.create(stack, platform, KINDS)];
  await slow.fault({ delay_ms: 400, times: -1 });
  const tenants = await Promise.all([1, 2, 3].map(() => platform.tenant()));
  const began = Date.now();
  await Promise.all(tenants.map((tenant) => flip(tenant, 3)));
  const requests = Date.now() - began;
  await quick.until(18);
  const quickly = Date.now() - began;
  await slow.until(18);
  assert.ok(quickly < Date.now() - began, 'the quick one waited for the slow one');
  assert.ok(requests < 5000, `the requests took ${requests} ms`);
  for (const endpoint of [slow, quick]) {
    for (const tenant of tenants) {
      assert.deepEqual((await endpoint.taken()).filter(about(tenant)).map(({ type }) => type), pairs(3));
      const posts = (await endpoint.posted()).filter(({ body }) => body.includes(tenant.id));
      for (const [i, post] of posts.slice(1).entries()) assert.ok(post.at >= posts[i].answered_at, 'two at once about one store');
    }
  }
  await Promise.all([slow.remove(), quick.remove()]);
});

test('an endpoint that is down: everything waits behind the first message, then arrives in order; another store is not held up', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const [down, up] = [await platform.tenant(), await platform.tenant()];
  await endpoint.fault({ status: 500, times: -1, tenant: down.id });
  await flip(down, 2);
  await flip(up, 2);
  await until('the other store', async () => (await endpoint.taken()).filter(about(up)).length === 4);
  const failing = (await endpoint.posted()).filter(({ body }) => body.includes(down.id));
  assert.deepEqual(new Set(failing.map(({ id }) => id)).size, 1, 'a later message was posted before the first arrived');
  await endpoint.fault();
  await endpoint.hurry();
  await until('all of them', async () => (await endpoint.taken()).filter(about(down)).length === 4);
  assert.deepEqual((await endpoint.taken()).filter(about(down)).map(({ type }) => type), pairs(2));
  assert.equal((await endpoint.read()).failing_since, null);
  await endpoint.remove();
});

test('the server is killed between the delivery and its record: delivered again, under the same id, still in order', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const tenant = await platform.tenant();
  await endpoint.fault({ delay_ms: 3000 });
  await flip(tenant, 2);
  await endpoint.untilPosted('the first message', (posted) => posted.length === 1);
  await stack.killServer();
  await until('the endpoint to have answered', async () => (await endpoint.posted())[0].answered_at);
  await stack.startServer();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal((await endpoint.posted()).length, 1, 'posted again while the dead worker still held the lane');
  await db.rows(`update app.webhook_lanes set due_at = now() where held`); // its lease ends
  await endpoint.until(5);
  const taken = await endpoint.taken();
  assert.equal(taken[1].id, taken[0].id);
  assert.deepEqual(once(taken).map(({ type }) => type), pairs(2));
  assert.ok((await endpoint.deliveries()).every(({ state }) => state === 'delivered'));
  await endpoint.remove();
});

test('a worker that lost its lane records nothing and posts nothing more', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const tenant = await platform.tenant();
  await endpoint.fault({ delay_ms: 3000, status: 500 });
  await flip(tenant, 2);
  await endpoint.untilPosted('the first message', (posted) => posted.length === 1);
  await db.rows(`update app.webhook_lanes set due_at = now() where held`); // somebody else takes over
  await endpoint.until(4);
  await until('the late answer', async () => (await endpoint.posted())[0].answered_at);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual((await endpoint.taken()).map(({ type }) => type), pairs(2));
  assert.ok((await endpoint.deliveries()).every(({ state, last_status }) => state === 'delivered' && last_status === 204));
  assert.equal((await endpoint.read()).failing_since, null);
  await endpoint.remove();
});

test('a message that fails through the whole schedule is given up, the endpoint is disabled and shown; enabled, the next messages arrive', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const tenant = await platform.tenant();
  await endpoint.fault({ status: 500, times: -1 });
  await flip(tenant, 1);
  const SCHEDULE = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];
  for (const [i, seconds] of SCHEDULE.entries()) {
    const first = await until(`failure ${i + 1}`, async () => (await endpoint.deliveries('?state=queued')).find((one) => one.attempts === i + 1 && one.next_attempt_at));
    const wait = (Date.parse(first.next_attempt_at) - Date.parse(first.last_attempt_at)) / 1000;
    assert.ok(wait > 0.89 * seconds && wait < 1.11 * seconds + 5, `${wait} s behind attempt ${i + 1}`);
    await endpoint.hurry();
  }
  const disabled = await until('it to be disabled', async () => {
    const read = await endpoint.read();
    return read.state === 'disabled' && read;
  });
  assert.equal(disabled.disabled_reason, 'failed');
  assert.ok(disabled.failing_since);
  const [second, first] = await endpoint.deliveries();
  assert.deepEqual([first.state, first.attempts, second.state, second.attempts], ['failed', 10, 'queued', 0]);
  await endpoint.fault();
  expect(await endpoint.call('POST', '/enable'), 200);
  assert.deepEqual((await endpoint.until(1)).map(({ type }) => type), ['tenant.resumed']);
  expect(await endpoint.call('POST', '/replay', { json: { delivery: first.id } }), 202);
  assert.deepEqual((await endpoint.until(2)).map(({ type }) => type), ['tenant.resumed', 'tenant.suspended']);
  await endpoint.remove();
});

test('one bad message does not block for ever, nor disable an endpoint that takes others', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const [bad, good] = [await platform.tenant(), await platform.tenant()];
  await endpoint.fault({ status: 400, times: 10, tenant: bad.id });
  await flip(bad, 1);
  for (let attempt = 1; attempt <= 9; attempt++) {
    await until(`failure ${attempt}`, async () => (await endpoint.deliveries('?state=queued')).some((one) => one.attempts === attempt && one.next_attempt_at));
    if (attempt === 9) {
      expect(await platform.suspend(good), 200);
      await until('the good one', async () => (await endpoint.taken()).some(about(good)));
    }
    await endpoint.hurry();
  }
  await until('the next one', async () => (await endpoint.taken()).some(about(bad)));
  assert.equal((await endpoint.deliveries('?state=failed')).length, 1);
  assert.equal((await endpoint.read()).state, 'enabled');
  await endpoint.remove();
});

test('five days without one answer disable it, whatever the schedule says', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  const tenant = await platform.tenant();
  await endpoint.fault({ status: 503, times: -1 });
  expect(await platform.suspend(tenant), 200);
  await until('a failure', async () => (await endpoint.read()).failing_since);
  await db.rows(`update app.webhooks set failing_since = now() - interval '5 days' where state = 'enabled'`);
  await endpoint.hurry();
  await until('it to be disabled', async () => (await endpoint.read()).disabled_reason === 'failed');
  await endpoint.remove();
});

test('deleted endpoints go with all that waited for them, and what is older than 30 days goes by itself', async () => {
  const endpoint = await Endpoint.create(stack, platform, KINDS);
  await flip(await platform.tenant(), 1);
  await endpoint.until(2);
  await db.rows(`update app.webhooks set deleted_at = now() - interval '2 minutes' where deleted_at is not null`);
  await db.rows(`update app.deliveries set at = now() - interval '30 days 1 minute' where webhook_id in (select webhook_id from app.webhooks where deleted_at is null)`);
  await until('all to be gone', async () => (await db.value('select count(*) from app.deliveries')) === 0 && (await db.value('select count(*) from app.webhooks')) === 1);
  assert.deepEqual(await endpoint.deliveries(), []);
  open((await endpoint.posted())[0], endpoint.secret);
  await endpoint.remove();
});
