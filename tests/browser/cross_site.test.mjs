// Another site against a signed-in admin: every form, fetch, frame, picture and script it can make has no effect and reads nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until } from '../harness/suite.mjs';
import { openWorld, scene } from './support/world.mjs';
import { newPerson } from './support/people.mjs';
import { signIn } from './support/journeys.mjs';

const world = await openWorld();

// From a stranger's site the cookie does not travel (SameSite=Strict). A neighbour under the panel's own domain is the same site for the
// browser: there the cookie travels, and the other fences must hold.
const ATTACKERS = { 'another site': 'evil.example', 'a neighbour under the same domain': 'evil.panel.localhost' };

const MUTATIONS = [
  ['POST', '/api/second-step/send-code'], ['POST', '/api/second-step/verify', { code: '000000' }], ['POST', '/api/second-step/device'],
  ['PATCH', '/api/profile', { locale: 'de' }], ['PUT', '/api/phone', { number: '+12015550123', consent: true }],
  ['POST', '/api/phone/send-code'], ['POST', '/api/phone/change/send-code'], ['POST', '/api/phone/change', { code: '000000' }], ['DELETE', '/api/phone'],
  ['POST', '/api/authenticator'], ['POST', '/api/authenticator/check', { code: '000000' }], ['DELETE', '/api/authenticator'],
  ['POST', '/api/backup-codes'], ['DELETE', '/api/devices'], ['DELETE', '/api/sessions'], ['DELETE', '/api/session'],
];
const READS = ['/api/session', '/api/profile', '/api/devices', '/api/sessions', '/'];

for (const [who, host] of Object.entries(ATTACKERS)) {
  scene(world, `${who}: fetch with every method and content type`, async (ann) => {
    const { before, person } = await victim(ann);
    await ann.page.goto(ann.outsideUrl(world.outside.page('<h1>Win a kite</h1>'), host));
    const read = await ann.page.evaluate(attackByFetch, { panel: ann.panel, mutations: MUTATIONS, reads: READS });
    assert.deepEqual(read, []);
    await arrived(ann);
    await unharmed(ann, person, before);
  });

  scene(world, `${who}: forms`, async (ann) => {
    const { before, person } = await victim(ann);
    const targets = MUTATIONS.filter(([method]) => method === 'POST').map(([, path, body]) => ({ path, body: JSON.stringify(body ?? {}) }));
    for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      await ann.page.goto(ann.outsideUrl(world.outside.page('<h1>Win a kite</h1>'), host));
      const answers = await postForms(ann, targets, enctype);
      for (const { path, status } of answers) assert.ok(status >= 400, `a form (${enctype}) to ${path} was answered ${status}`);
      assert.equal(answers.length, targets.length);
    }
    await unharmed(ann, person, before);
  });

  scene(world, `${who}: frames, pictures, scripts, styles, windows`, async (ann) => {
    const { before, person } = await victim(ann);
    await ann.page.goto(ann.outsideUrl(world.outside.page('<h1>Win a kite</h1>'), host));
    const read = await ann.page.evaluate(attackByElements, { panel: ann.panel, reads: READS });
    assert.deepEqual(read, []);
    for (const frame of ann.page.frames().slice(1)) assert.ok(!(await frame.content()).includes('Tillgate'), 'the panel is shown in a frame');
    await ann.page.bringToFront();
    await unharmed(ann, person, before);
  });
}

// What the browser itself held back would prove nothing about the server: simple requests must have come through the edge.
async function arrived(ann) {
  const { hostname } = new URL(ann.panel);
  await until('the attack to arrive at the edge', () => fs.readFileSync(`${world.stack.run}/edge/access.log`, 'utf8').split('\n').some((line) =>
    line.includes(`"host":"${hostname}"`) && line.includes('"path":"/api/phone/send-code"') && line.includes('"status":403')));
}

// Ann, signed in, in one tab; the attacker gets the same browser.
async function victim(ann) {
  const person = await newPerson(world);
  await signIn(ann, person);
  ann.expects(/./);
  await until('the texts to be settled', async () => (await world.db.value(
    `select count(*) from app.sends s join app.tenants t using (tenant_id) where t.slug = $1 and s.state <> 'delivered'`, person.store.tenant.slug)) === 0);
  await until('the notices to be mailed', async () => (await world.db.value(
    `select count(*) from app.mails m join app.tenants t using (tenant_id) where t.slug = $1 and m.state <> 'sent'`, person.store.tenant.slug)) === 0);
  await world.db.rows('update app.sends set price_due_at = null where price_due_at is not null'); // no text is settled meanwhile
  return { person, before: await world.db.rowsOf(person.store.tenant.slug) };
}

async function unharmed(ann, person, before) {
  assert.deepEqual(await world.db.rowsOf(person.store.tenant.slug), before, 'something was changed');
  ann.complaints = [];
  await ann.page.goto(`${ann.panel}/profile`);
  await ann.sees('Profile details');
}

// Runs in the attacker's page. Answers what could be read.
async function attackByFetch({ panel, mutations, reads }) {
  const read = [];
  const attempt = async (what, path, options) => {
    try {
      const response = await fetch(panel + path, { credentials: 'include', ...options });
      if (response.type !== 'opaque') read.push(`${what}: ${response.status} ${(await response.text()).slice(0, 60)}`);
    } catch {
      // Refused, as it should be.
    }
  };
  const headers = [{}, { 'Content-Type': 'application/json' }, { 'Content-Type': 'application/json', 'X-Requested-By': 'tillgate-panel' }, { 'Content-Type': 'text/plain' }];
  for (const [method, path, body] of mutations) {
    for (const header of headers) await attempt(`${method} ${path} cors`, path, { method, headers: header, body: body && JSON.stringify(body) });
    if (method === 'POST') {
      await attempt(`${method} ${path} no-cors`, path, { method, mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify(body ?? {}) });
      navigator.sendBeacon(panel + path, new Blob([JSON.stringify(body ?? {})], { type: 'text/plain' }));
    }
  }
  for (const path of reads) for (const mode of ['cors', 'no-cors']) await attempt(`GET ${path} ${mode}`, path, { mode });
  return read;
}

// A form is answered to the tab that sent it: the status says what the server thought of it.
async function postForms(ann, targets, enctype) {
  const answers = [];
  const page = ann.page.url();
  for (const { path, body } of targets) {
    const answered = ann.page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await ann.page.evaluate(({ action, enctype, body }) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype });
      // {"code":"000000","=":""}: as text/plain this is JSON.
      form.append(Object.assign(document.createElement('input'), { name: `${body.slice(0, -1)}${body === '{}' ? '' : ','}"x":"`, value: '"}' }));
      document.body.append(form);
      HTMLFormElement.prototype.submit.call(form);
    }, { action: ann.panel + path, enctype, body });
    answers.push({ path, status: (await answered).status() });
    await ann.page.waitForURL(ann.panel + path);
    await ann.page.goto(page);
  }
  return answers;
}

// Runs in the attacker's page.
async function attackByElements({ panel, reads }) {
  const read = [];
  const settle = (element, what) => new Promise((resolve) => {
    element.onload = () => resolve(what === 'iframe' ? undefined : read.push(`${what} ${element.src ?? element.href} was loaded`));
    element.onerror = () => resolve();
    document.body.append(element);
  });
  for (const path of reads) {
    await settle(Object.assign(new Image(), { src: panel + path }), 'img');
    await settle(Object.assign(document.createElement('script'), { src: panel + path }), 'script');
    await settle(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: panel + path }), 'style');
    const frame = document.createElement('iframe');
    frame.src = panel + path;
    await settle(frame, 'iframe');
    try {
      if (frame.contentDocument?.body?.innerText) read.push(`the frame of ${path}: ${frame.contentDocument.body.innerText.slice(0, 60)}`);
    } catch {
      // Another origin: not to be read.
    }
  }
  return read;
}
