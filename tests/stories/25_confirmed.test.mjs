// Goal: Twilio hears, once, which texts people wanted: those whose code was entered.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, expect, newNumber, until } from '../harness/suite.mjs';

const ways = { messaging: await story({ config: ['provider = messaging'] }), verify: await story({ config: ['provider = verify'] }) };
const words = { messaging: 'confirmed', verify: 'approved' };

for (const [provider, { platform, sandbox, db }] of Object.entries(ways)) {
  test(`${provider}: a code that was entered is told; one that was not is not`, async () => {
    const store = await platform.store();
    const ask = async () => {
      const browser = await store.launch();
      const number = newNumber();
      await browser.savePhone(number);
      const { id } = expect(await browser.call('POST', '/api/phone/send-code'), 202);
      const { body, parameters } = await sandbox.nextMessage(number, 0);
      return { browser, number, json: { challenge: id, code: parameters.CustomCode ?? body.match(/#(\d{6})/)[1] } };
    };
    const [wanted, ignored] = [await ask(), await ask()];
    expect(await wanted.browser.call('POST', '/api/phone/verify', { json: wanted.json }), 200);
    const said = async (to) => (await sandbox.messagesTo(to)).map(({ feedback }) => feedback);
    await until('the feedback', async () => (await said(wanted.number))[0] !== null);
    assert.deepEqual([await said(wanted.number), await said(ignored.number)], [[words[provider]], [null]]);
    assert.deepEqual(await db.rows('select feedback, count(*) from app.sends group by 1 order by 1'), [{ feedback: 'told', count: 1 }, { feedback: null, count: 1 }]);
  });
}
