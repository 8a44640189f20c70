// Goal: without a mail server everything else works, and that is said; a server without TLS gets nothing unless it is excepted.
import test from 'node:test';
import assert from 'node:assert/strict';
import { story, until } from '../harness/suite.mjs';
import { startStack } from '../harness/stack.mjs';
import { Platform } from '../harness/clients.mjs';
import { Mail } from '../harness/mail.mjs';

const { stack, platform, db } = await story({ config: ['smtp_url =', 'mail_from ='] });

test('no mail server: no notices are written, and the log says why', async () => {
  const store = await platform.store();
  const browser = await store.launch({ user: { name: 'Ann', role: 'admin', email: 'ann@shop.example' } });
  await browser.setUpAuthenticator();
  assert.equal(await db.value('select count(*) from app.mails'), 0);
  assert.match(stack.serverLog(), /"mail_off"/);
});

test('what makes no sense is refused by check-config', async () => {
  const FROM = 'mail_from = Tillgate <notices@tillgate.localhost>';
  for (const lines of [['smtp_url = http://localhost:25', FROM], ['smtp_url = smtp://', FROM], ['smtp_url = smtp://a b', FROM], ['smtp_url = smtp://localhost:25/x', FROM], ['smtp_url = smtp://u@localhost', FROM],
    ['smtp_url = smtp://localhost:25', 'mail_from ='], ['smtp_url = smtp://localhost:25', 'mail_from = Tillgate'], ['smtp_url = smtp://localhost:25', 'mail_from = Till "Gate" <a@b>'],
    ['smtp_url =', FROM], ['smtp_url = smtp://localhost:25', FROM, 'smtp_user = x']]) {
    await stack.writeConfig(lines);
    await assert.rejects(stack.tillgate('check-config', stack.configFile), /smtp_|mail_from/, lines.join(', '));
  }
  await stack.writeConfig();
});

test('without STARTTLS nothing is sent, when nobody said that it may be', async () => {
  const strict = await startStack({ config: ['outbound_allow ='] });
  try {
    const mail = new Mail(strict);
    await mail.ready();
    const store = await new Platform(strict).store();
    await mail.fault({ stage: 'ehlo', reply: '250 sandbox' });
    const first = await store.launch({ user: { name: 'Ann', role: 'admin', email: 'ann@shop.example' } });
    await first.setUpAuthenticator();
    await until('a failure', async () => (await strict.db.value('select reason from app.mails')) !== null);
    assert.deepEqual(await mail.all(), []);
    await mail.hurry();
    assert.equal((await mail.until('ann@shop.example', 1))[0].tls, true);
  } finally {
    assert.deepEqual(await strict.finish(), []);
  }
});
