// What the browser is given to keep and to load: cookies, storage, scripts, headers.
import assert from 'node:assert/strict';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { signIn } from './support/journeys.mjs';

const world = await openWorld();

scene(world, 'cookies: for this host alone, out of reach of scripts, strict, and a new one at every rise', async (ann) => {
  const person = await newPerson(world);
  await ann.launch(person.store, { user: person.user });
  await ann.sees('Confirm it’s you');
  const launched = await ann.cookie('__Host-sid');
  await ann.page.getByRole('checkbox', { name: /Skip this for two weeks/ }).check();
  await ann.enterCode('Code', person.codes.shift(), 'Verify');
  await ann.sees('Hello, Ann Archer');

  const cookies = await ann.context.cookies(ann.panel);
  assert.deepEqual(cookies.map((one) => one.name).sort(), ['__Host-device', '__Host-sid']);
  for (const { name, domain, path, httpOnly, secure, sameSite } of cookies) {
    assert.deepEqual({ domain, path, httpOnly, secure, sameSite },
      { domain: new URL(ann.panel).hostname, path: '/', httpOnly: true, secure: true, sameSite: 'Strict' }, name);
  }
  const lives = Object.fromEntries(cookies.map((one) => [one.name, (one.expires - Date.now() / 1000) / 3600]));
  assert.ok(lives['__Host-sid'] > 11.9 && lives['__Host-sid'] <= 12, `the session's cookie lives ${lives['__Host-sid']} h`);
  assert.ok(lives['__Host-device'] > 14 * 24 - 1 && lives['__Host-device'] <= 14 * 24);
  const ready = await ann.cookie('__Host-sid');
  assert.notEqual(ready.value, launched.value, 'the session kept its id when it rose');
  await oldCookieIsDead(ann, launched.value);

  assert.deepEqual(await ann.page.evaluate(async () => ({
    cookie: document.cookie, local: localStorage.length, session: sessionStorage.length,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  })), { cookie: '', local: 0, session: 0, databases: 0, caches: 0, workers: 0 });
});

async function oldCookieIsDead(ann, value) {
  const answer = await person(ann, value);
  assert.equal(answer.status, 401);
}

function person(ann, value) {
  return world.platform.call('GET', '/api/session', {
    host: new URL(ann.panel).host, headers: { cookie: `__Host-sid=${value}`, authorization: null },
  });
}

scene(world, 'a cookie that somebody planted before the launch is not taken over', async (ann) => {
  const ben = await newPerson(world);
  ann.panel = ben.panel.origin;
  const planted = ben.panel.cookies.get('__Host-sid');
  const store = ben.store;
  await ann.context.addCookies([{ name: '__Host-sid', value: planted, url: ann.panel.replace('http:', 'https:'), httpOnly: true, secure: true, sameSite: 'Strict' }]);
  await ann.launch(store, { user: { name: 'Eve Other', role: 'viewer', locale: 'en' } });
  await ann.sees('Protect your sign-in');
  await ann.reads('Eve Other');
  assert.notEqual((await ann.cookie('__Host-sid')).value, planted);
});

for (const [screen, prepare] of Object.entries({
  'first set-up': async (ann) => {
    const store = await world.platform.store();
    await ann.launch(store, { user: { locale: 'en' } });
    await ann.sees('Protect your sign-in');
  },
  'second step': async (ann) => {
    const person = await newPerson(world);
    await ann.launch(person.store, { user: person.user });
    await ann.sees('Confirm it’s you');
  },
})) {
  scene(world, `the first screen (${screen}) loads at most 100 kB of JavaScript, compressed, and nothing from elsewhere`, async (ann) => {
    const loads = [];
    ann.context.on('requestfinished', (request) => loads.push(request));
    await prepare(ann);
    await ann.page.waitForLoadState('networkidle');
    const panel = loads.filter((request) => request.url().startsWith(ann.panel));
    const foreign = loads.filter((request) => !request.url().startsWith(ann.panel) && !request.url().includes('shop.example'));
    assert.deepEqual(foreign.map((request) => request.url()), []);
    let bytes = 0;
    for (const request of panel.filter((one) => one.resourceType() === 'script')) {
      const response = await request.response();
      assert.equal(response.headers()['content-encoding'], 'gzip', `${request.url()} came uncompressed`);
      assert.match(response.headers()['cache-control'], /immutable/);
      bytes += (await request.sizes()).responseBodySize;
    }
    assert.ok(bytes > 5_000, `only ${bytes} bytes of JavaScript: not measured`);
    assert.ok(bytes <= 100_000, `${bytes} bytes of JavaScript`);
    const total = (await Promise.all(panel.map((request) => request.sizes()))).reduce((sum, one) => sum + one.responseBodySize, 0);
    console.log(`first screen, ${screen}: ${bytes} bytes of JavaScript, ${total} in all, ${panel.length} requests`);
  });
}

scene(world, 'the second visit loads no asset again', async (ann) => {
  const person = await newPerson(world);
  await signIn(ann, person);
  const loads = [];
  ann.context.on('requestfinished', (request) => request.url().includes('/assets/') && loads.push(request));
  ann.page = await ann.context.newPage();
  await ann.page.goto(ann.panel);
  await ann.sees('Hello, Ann Archer');
  // What comes out of the cache has no size on the wire.
  for (const request of loads) assert.ok((await request.sizes()).responseBodySize <= 0, `${request.url()} was loaded again`);
});

scene(world, 'over TLS as well: the page, its headers, no complaint', async (ann) => {
  const slug = (await world.platform.tenant()).slug;
  const origin = `https://${slug}.panel.localhost:${world.stack.ports.https}`;
  const response = await ann.page.goto(origin);
  await ann.sees('Open your store’s admin');
  const headers = response.headers();
  assert.match(headers['content-security-policy'], /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/);
  assert.match(headers['strict-transport-security'], /max-age=63072000/);
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal((await response.securityDetails()).protocol, 'TLS 1.3');
}, { context: { ignoreHTTPSErrors: true } });

scene(world, 'what a user is called is text, never markup', async (ann) => {
  const name = `<img src=x onerror="document.title='owned'"> & “Ann”`;
  const store = await world.platform.store({ name: '<b>Bold</b> & Sons' });
  await ann.launch(store, { user: { name, role: 'owner', locale: 'en' } });
  await ann.sees('Protect your sign-in');
  await ann.reads(name);
  await ann.reads('<b>Bold</b> & Sons');
  assert.doesNotMatch(await ann.page.title(), /owned/);
  assert.equal(await ann.page.locator('img[src="x"]').count(), 0);
});
