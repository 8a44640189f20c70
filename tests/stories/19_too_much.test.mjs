// Goal: more comes than can be served: what is taken is served, the rest is told to come back, and afterwards all is as before.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect } from '../harness/suite.mjs';
import { storm, tally } from '../harness/storm.mjs';

const { stack, platform } = await story({ workers: 1, config: ['max_in_flight = 4'] });
const store = await platform.store();

test('INF-4 above the cap: 503 with Retry-After, never a hang, never a wrong answer', async () => {
  const browser = await store.signedIn();
  const counts = tally(await storm({ clients: 60, rounds: 10, attempt: () => browser.call('GET', '/api/session') }));
  assert.deepEqual(Object.keys(counts).filter((word) => !['200', 'overloaded'].includes(word)), [], JSON.stringify(counts));
  assert.ok(counts[200] > 0 && counts.overloaded > 0, JSON.stringify(counts));
  assert.equal((await browser.session()).state, 'ready');
});

test('the ops port answers all the while', async () => {
  const browser = await store.launch();
  const busy = storm({ clients: 30, rounds: 10, attempt: () => browser.call('GET', '/api/session') });
  for (let i = 0; i < 10; i++) assert.equal(typeof (await stack.metric('tillgate_requests_live')), 'number');
  await busy;
  expect(await browser.call('GET', '/api/session'), 200);
});
