import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import { suite, problem, expect } from '../harness/suite.mjs';
import { setRows } from '../harness/clock.mjs';

const { platform, db } = await suite({ prism: true, twilioPrism: true });
const store = await platform.store();
const list = async (browser) => expect(await browser.call('GET', '/api/devices'), 200).items;

async function remembered() {
  const browser = await store.signedIn();
  await store.relaunch(browser);
  await browser.secondStep({ remember_device: true });
  return browser;
}

describe('devices', () => {
  test('need a finished second step', async () => {
    const browser = await store.launch();
    for (const [method, path] of [['GET', '/api/devices'], ['DELETE', '/api/devices'], ['DELETE', '/api/devices/device_01kamp5sw0fh4rjv2x0bq2mtjx']]) {
      problem(await browser.call(method, path), 403, 'second_step_required');
    }
  });

  test('are remembered for 14 days, and listed with the one that is this', async () => {
    const browser = await remembered();
    const [device, ...more] = await list(browser);
    assert.deepEqual([more, device.current], [[], true]);
    assert.equal(Date.parse(device.expires_at) - Date.parse(device.created_at), 14 * 86_400_000);
    assert.equal((await browser.profile()).devices, 1);
    assert.equal((await list(await store.signedIn())).length, 0);
  });

  test('nothing is remembered unless asked for', async () => {
    const browser = await store.signedIn();
    await store.relaunch(browser);
    await browser.secondStep();
    assert.deepEqual([await list(browser), browser.cookies.has('__Host-device')], [[], false]);
  });

  test('a device of another user or tenant is not found, and stays', async () => {
    const [ann, bob] = [await remembered(), await remembered()];
    const [{ id }] = await list(ann);
    problem(await bob.call('DELETE', `/api/devices/${id}`), 404, 'not_found');
    problem(await (await (await platform.store()).signedIn()).call('DELETE', `/api/devices/${id}`), 404, 'not_found');
    problem(await bob.call('DELETE', '/api/devices/nonsense'), 404, 'not_found');
    assert.equal((await list(ann)).length, 1);
  });

  test('one is forgotten by its id', async () => {
    const browser = await remembered();
    const [{ id }] = await list(browser);
    expect(await browser.call('DELETE', `/api/devices/${id}`), 204);
    assert.deepEqual(await list(browser), []);
    problem(await browser.call('DELETE', `/api/devices/${id}`), 404, 'not_found');
    await store.relaunch(browser);
    problem(await browser.call('POST', '/api/second-step/device'), 403, 'device_unknown');
  });

  test('"Clear device data" forgets all of them, of this user only', async () => {
    const [browser, other] = [await remembered(), await remembered()];
    expect(await browser.call('DELETE', '/api/devices'), 204);
    assert.deepEqual(await list(browser), []);
    assert.equal((await list(other)).length, 1);
  });

  test('expired ones are not listed', async () => {
    const browser = await remembered();
    await setRows(db, browser, 'devices', `expires_at = now()`);
    assert.deepEqual(await list(browser), []);
  });
});
