import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const create = (browser) => browser.call('POST', '/api/backup-codes');

describe('backup_codes_create', () => {
  test('needs a finished, fresh second step', async () => {
    const browser = await store.launch();
    problem(await create(browser), 403, 'second_step_required');
    await browser.setUpPhone();
    await store.relaunch(browser);
    problem(await create(browser), 403, 'second_step_required');
  });

  test('LKP-1 ten codes of 50 bits, all different, shown once, stored as MACs', async () => {
    const browser = await store.signedIn();
    const codes = await browser.backupCodes();
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^[A-Z2-7]{5}-[A-Z2-7]{5}$/);
    assert.deepEqual((await browser.session()).methods.at(-1), { method: 'backup_code', left: 10, off: false });
    const stored = JSON.stringify(await db.rows('select * from app.backup_codes'));
    for (const code of codes) assert.ok(!stored.includes(code) && !stored.includes(code.replace('-', '')));
  });

  test('codes of one user are nothing to another', async () => {
    const [ann, bob] = [await store.signedIn(), await store.signedIn()];
    const [code] = await ann.backupCodes();
    await bob.backupCodes();
    await store.relaunch(bob);
    problem(await bob.verify(code), 422, 'code_wrong');
  });

  test('LKP-3 the count of what is left is shown', async () => {
    const browser = await store.signedIn();
    const codes = await browser.backupCodes();
    await store.relaunch(browser);
    for (const code of codes.slice(0, 3)) expect(await browser.verify(code), 200);
    assert.equal((await browser.profile()).backup_codes_left, 7);
    await browser.backupCodes();
    assert.equal((await browser.profile()).backup_codes_left, 10);
  });
});
