// What a test file begins with.
import { after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, useStack } from './stack.mjs';
import { checkInvariants } from './invariants.mjs';
import { Platform } from './clients.mjs';

export * from './clients.mjs';
export * from './numbers.mjs';
export { until } from './process.mjs';
export { send } from './http.mjs';

// A stack for one story, which may do to it what it likes. Behind the last test the invariants are checked and the end is judged.
export async function story(options) {
  const stack = await startStack(options);
  after(async () => {
    const faults = await checkInvariants(stack);
    assert.deepEqual([...faults, ...await stack.finish()], [], 'at the end of the story');
  });
  return { stack, platform: new Platform(stack), sandbox: stack.sandbox, db: stack.db };
}

// The stack of the suite, or one of this file's own, which is then closed and judged behind its last test.
export async function suite(options) {
  const shared = process.env.TILLGATE_TEST_STACK !== undefined;
  const stack = await useStack(options);
  after(async () => {
    if (shared) await stack.db.close();
    else assert.deepEqual(await stack.finish(), [], 'at the end of the suite');
  });
  return { stack, platform: new Platform(stack), sandbox: stack.sandbox, db: stack.db };
}
