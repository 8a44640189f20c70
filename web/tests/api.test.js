import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.js';

const { api, Problem, watch } = await load('api.ts');

/** Answers the next calls of fetch in turn, and keeps what was asked. */
function answers(...list) {
  const asked = [];
  globalThis.fetch = async (path, init) => {
    asked.push({ path, ...init });
    const [status, body] = list.shift();
    return new Response(body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body), { status });
  };
  return asked;
}
const refused = (code) => [403, { code, title: code, status: 403, request_id: 'request_1' }];

test('every call carries the header that no other page can send', async () => {
  const asked = answers([200, { items: [] }]);
  await api.device_list();
  assert.equal(asked[0].headers['X-Requested-By'], 'tillgate-panel');
  assert.equal(asked[0].headers['Content-Type'], undefined);
});

test('a refusal that a second step lifts is asked for, and the call made again', async () => {
  const asked = answers(refused('fresh_session_required'), refused('proof_required'), [200, { phone: {} }]);
  const needs = [];
  watch.stepUp = async (need) => needs.push(need) > 0;
  await api.phone_save('+14155550134');
  assert.deepEqual(needs, ['fresh', 'proof']);
  assert.equal(asked.length, 3);
  assert.equal(asked[2].body, asked[0].body);
});

test('a second step that was not given, or did not help, ends in the problem', async () => {
  watch.stepUp = async () => false;
  answers(refused('fresh_session_required'));
  await assert.rejects(api.phone_remove(), { code: 'fresh_session_required' });
  watch.stepUp = async () => true;
  const asked = answers(refused('fresh_session_required'), refused('fresh_session_required'));
  await assert.rejects(api.phone_remove(), { code: 'fresh_session_required' });
  assert.equal(asked.length, 2);
});

test('a lost session is told once to whoever watches', async () => {
  const lost = [];
  watch.sessionLost = (problem) => lost.push(problem.code);
  answers([401, { code: 'session_required' }]);
  await assert.rejects(api.profile_read());
  assert.deepEqual(lost, ['session_required']);
});

test('what is not an answer of ours becomes a problem all the same', async () => {
  answers([502, '<html>bad gateway</html>']);
  await assert.rejects(api.session_read(), { code: 'overloaded', status: 502 });
  answers([418, 'tea']);
  await assert.rejects(api.session_read(), { code: 'unknown', title: 'HTTP 418' });
  globalThis.fetch = async () => Promise.reject(new TypeError('no network'));
  await assert.rejects(api.session_read(), (thrown) => thrown instanceof Problem && thrown.code === 'network');
});

test('retry_after becomes a moment to count down to', async () => {
  answers([429, { code: 'limit_phone', retry_after: 60, alternatives: ['authenticator'] }]);
  const problem = await api.second_step_send_code().catch((thrown) => thrown);
  assert.ok(Math.abs(problem.retryAt - Date.now() - 60_000) < 1000);
  assert.deepEqual(problem.alternatives, ['authenticator']);
});
