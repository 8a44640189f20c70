// A person at a browser: finds things by what they say on the screen, and notices whatever the browser complains about.
//
// At the end of a scene nothing may be left that was not announced with `expects`: a refusal of the server, an error on the console,
// an exception, a violation of the content security policy.
import assert from 'node:assert/strict';
import { openDoorway, ownAddress } from './doorway.mjs';
import { launchForm } from './outside.mjs';
import { pattern, words } from './words.mjs';

const COMPLAINT = /^Failed to load resource: the server responded with a status of/;

export class Visitor {
  // locale: of the browser, until the panel knows the user's own.
  static async open(world, { locale = 'en', scheme = 'light', width = 390, height = 844, context = {} } = {}) {
    const visitor = new Visitor();
    visitor.world = world;
    visitor.locale = locale;
    visitor.doorway = await openDoorway(ownAddress());
    visitor.context = await world.chromium.newContext({
      locale: { en: 'en-US', de: 'de-DE', fr: 'fr-FR', es: 'es-ES', ru: 'ru-RU' }[locale],
      colorScheme: scheme,
      viewport: { width, height },
      proxy: { server: visitor.doorway.url },
      ...context,
    });
    visitor.context.setDefaultTimeout(20_000);
    visitor.complaints = [];
    visitor.refusals = [];
    // Whoever has no session is told so; a look at a text that crosses a sign-in is asked with the old cookie.
    visitor.expected = [/^401 GET \/api\/session$/, /^401 GET \/api\/challenges\//];
    await visitor.watch();
    visitor.page = await visitor.context.newPage();
    return visitor;
  }

  async watch() {
    await this.context.addInitScript(() => addEventListener('securitypolicyviolation', (event) =>
      console.error(`content security policy: ${event.effectiveDirective} forbids ${event.blockedURI || 'inline'} (${event.sourceFile}:${event.lineNumber})`)));
    this.context.on('weberror', (error) => this.complaints.push(`exception: ${error.error().stack}`));
    this.context.on('console', (message) => {
      if (message.type() === 'error' && !COMPLAINT.test(message.text())) this.complaints.push(`console: ${message.text()}`);
    });
    this.context.on('response', (response) => {
      const { hostname, pathname } = new URL(response.url());
      if (response.status() >= 400 && hostname.endsWith('.panel.localhost')) {
        this.refusals.push(`${response.status()} ${response.request().method()} ${pathname}`);
      }
    });
  }

  // Announces refusals that belong to the scene: patterns of "422 POST /api/phone".
  expects(...patterns) {
    this.expected.push(...patterns);
  }

  judge() {
    const surprises = this.refusals.filter((one) => !this.expected.some((pattern) => pattern.test(one)));
    assert.deepEqual([...surprises, ...this.complaints], [], 'what the browser complained about');
  }

  async close() {
    for (const { name, value } of await this.context.cookies()) if (name.startsWith('__Host-')) this.world.stack.secret(value);
    await this.context.close();
    this.doorway.close();
  }

  // ------------------------------------------------------------------ words

  say(key, params) {
    return words(this.locale, key, params);
  }

  like(key, params) {
    return pattern(this.locale, key, params);
  }

  // ------------------------------------------------------------------ looking

  // The one heading of the screen.
  async sees(title) {
    await this.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  }

  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  async hears(text) {
    await this.page.getByRole('status').filter({ hasText: text }).first().waitFor();
  }

  async isWarned(text) {
    await this.page.getByRole('alert').filter({ hasText: text }).first().waitFor();
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  link(name) {
    return this.page.getByRole('link', { name, exact: typeof name === 'string' });
  }

  field(label) {
    return this.page.getByRole('textbox', { name: label, exact: true });
  }

  dialog(name) {
    return this.page.getByRole('dialog', { name, exact: true });
  }

  get path() {
    return new URL(this.page.url()).pathname;
  }

  // ------------------------------------------------------------------ doing

  press(name) {
    return this.button(name).click();
  }

  follow(name) {
    return this.link(name).click();
  }

  // Key by key, as people type.
  async type(label, text) {
    await this.field(label).fill('');
    await this.field(label).pressSequentially(text);
  }

  // Types a code and clicks, which may come before or after the field sends six digits by itself.
  async enterCode(label, code, action) {
    await this.type(label, code);
    await this.button(action).click({ timeout: 2_000, noWaitAfter: true }).catch(() => {});
  }

  async chooses(menuEntry) {
    await this.press(this.say('menu_profile'));
    await this.page.getByRole('navigation', { name: this.say('menu_profile') }).getByText(menuEntry).click();
  }

  // A page of the owner's, by the bar below the header.
  opens(page) {
    return this.page.getByRole('navigation', { name: this.say('menu_store') }).getByRole('link', { name: page, exact: true }).click();
  }

  signOut() {
    return this.chooses(this.say('menu_sign_out'));
  }

  // From a store's page to the panel in the same tab. `user` says who; what is left out is as in harness/clients.mjs.
  async launch(store, what = {}) {
    const launch = await store.ticket(what);
    this.panel = new URL(launch.post_to).origin;
    await this.page.goto(this.outsideUrl(this.world.outside.page(launchForm(launch))));
    await this.press('Open the panel');
    await this.page.waitForURL((url) => url.origin === this.panel);
    if (what.user?.locale) this.locale = what.user.locale;
  }

  outsideUrl(path, host = 'shop.example') {
    return `http://${host}:${this.world.outside.port}${path}`;
  }

  // ------------------------------------------------------------------ what a browser keeps

  async cookie(name) {
    return (await this.context.cookies(this.panel)).find((one) => one.name === name);
  }

  // This visitor as harness/clock.mjs knows browsers.
  async asRows() {
    return { address: this.doorway.address, cookies: new Map([['__Host-sid', (await this.cookie('__Host-sid')).value]]) };
  }
}
