// Goal: the clock of one machine jumps, by seconds or by hours: nobody is signed out, no code lives longer or dies sooner, and the machine leaves the
// rotation until its clock is right.
import fs from 'node:fs';
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber, problem, send, until } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { platform, stack, db } = await story({});
const store = await platform.store();
const file = `${stack.run}/clock`;
const set = (offset) => fs.writeFileSync(file, `${offset}\n`);
const readyz = () => send({ port: stack.ports.ops, host: 'localhost', path: '/readyz', fresh: true });

test('FLT-13 the server starts under a clock that we move', async () => {
  set('+0');
  await stack.stopServer();
  await stack.startServer({ clock: file });
  assert.equal((await readyz()).status, 200);
});

// A new user who has asked for a text, and the code in it.
async function texted() {
  const browser = await store.launch();
  const number = newNumber();
  expect(await browser.savePhone(number), 200);
  const { id, code } = await browser.textMe('/api/phone/send-code', number);
  return { browser, verify: () => browser.call('POST', '/api/phone/verify', { json: { code, challenge: id } }) };
}

for (const jump of ['+5', '-5', '+7200', '-7200']) {
  test(`FLT-13 a jump of ${jump} seconds`, async () => {
    set('+0');
    await until('the clock to be right', async () => (await stack.metric('tillgate_clock_off')) === 0);
    const browser = await store.signedIn();
    const [good, late] = [await texted(), await texted()];
    set(jump);

    await until('the alarm of both workers', async () => (await stack.metric('tillgate_clock_off')) === 2, { patience: 30_000 });
    assert.match(stack.server.log(), /"event":"clock_off"/);
    const { status, json } = await readyz();
    assert.deepEqual([status, json.reason], [503, 'clock_off']);
    assert.equal(expect(await browser.call('GET', '/api/session'), 200).state, 'ready', 'nobody is signed out');
    await setRows(db, late.browser, 'challenges', `expires_at = now() - interval '1 second'`);
    problem(await late.verify(), 422, 'code_expired');
    expect(await good.verify(), 200);
    // Launched, texted, delivered, verified: all of it goes on. Hours back the sandbox's certificate would not be valid yet.
    if (jump !== '-7200') await store.signedIn();
    set('+0');
    await until('the rotation to have it back', async () => (await stack.metric('tillgate_clock_off')) === 0);
    assert.equal((await readyz()).status, 200);
  });
}
