// Goal: a store's backend that does what the README shows, in PHP, Node or curl, by ticket or by signed token, brings its admin to the first step.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { story, Panel } from '../harness/suite.mjs';
import { runToEnd } from '../harness/process.mjs';
import { ROOT } from '../harness/paths.mjs';

const { stack, platform } = await story({ edge: true });

// Not every system finds *.localhost: the API's host under a plain address.
const relay = http.createServer((incoming, outgoing) => {
  const onward = http.request({ port: stack.ports.http, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host: stack.hosts().api } },
    (answer) => { outgoing.writeHead(answer.statusCode, answer.headers); answer.pipe(outgoing); });
  incoming.pipe(onward);
});
await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
after(() => relay.close());

const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'shop-2026' };
fs.writeFileSync(`${stack.run}/launch.jwk`, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: jwk.kid }), { mode: 0o600 });

async function printed(store, name, key) {
  const program = { php: ['php'], mjs: [process.execPath], sh: ['bash', '-euo', 'pipefail'] }[name.split('.').pop()];
  const env = { TILLGATE_API: `http://127.0.0.1:${relay.address().port}`, TILLGATE_KEY: key, TILLGATE_STORE: store.tenant.id,
    TILLGATE_PANEL: `http://${stack.hosts(store.tenant.slug).panel}`, TILLGATE_LAUNCH_KEY: `${stack.run}/launch.jwk` };
  return (await runToEnd([...program, `${ROOT}/ops/snippets/${name}`], { env })).out;
}

for (const name of fs.readdirSync(`${ROOT}/ops/snippets`)) {
  test(`${name}: from the store's page to the first step, once`, async () => {
    const store = await platform.store();
    await platform.launchKey(store.tenant, { algorithm: 'EdDSA', jwk });
    const { secret } = await platform.newKey(store.tenant);
    const page = await printed(store, name, secret);
    const [, action] = page.match(/action="([^"]+)"/);
    const [, field, value] = page.match(/type="hidden" name="(ticket|token)" value="([^"]+)"/);
    assert.equal(action, `http://${stack.hosts(store.tenant.slug).panel}/launch`);
    assert.equal(field, name.startsWith('token') ? 'token' : 'ticket');
    const post = (browser) => browser.call('POST', '/launch',
      { form: { [field]: value }, headers: { origin: 'https://shop.example', 'x-requested-by': null, 'sec-fetch-site': 'cross-site' }, port: stack.ports.http });
    const browser = new Panel(stack, store.tenant.slug);
    assert.equal((await post(browser)).headers.location, '/');
    const session = await browser.session();
    assert.deepEqual([session.state, session.user.name, session.user.role], ['set_up', 'Ann Arbor', 'owner']);
    assert.equal((await post(new Panel(stack, store.tenant.slug))).headers.location, '/?problem=launch_expired');
  });
}
