// Who calls Tillgate: the platform's backend, a store's backend, a browser. Every answer is held to tenants/openapi.yaml and to what all
// answers have in common.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Answer, send } from './http.mjs';
import { checkAnswer, findOperation } from './contract.mjs';
import { checkCommon, checkSecurityHeaders } from './headers.mjs';
import { remember } from './invariants.mjs';
import { newAddress, newNumber } from './numbers.mjs';
import { totp } from './totp.mjs';

export class Caller {
  constructor(stack, host) {
    this.stack = stack;
    this.host = host;
  }

  // Goes straight to the server, whose address limits believe our X-Real-IP; port: stack.ports.http goes through the edge.
  // Options: json (any value), form (object), body (raw text or bytes), headers (null takes one away), host, port, fresh,
  // unchecked (the request is outside the description: other method, unknown path, hostile framing).
  async call(method, path, options = {}) {
    const request = this.request(method, path, options);
    const operation = options.unchecked ? undefined : findOperation(method, path);
    const answer = operation && this.throughPrism(operation, request, options) ? await this.viaPrism(request) : await send(request);
    checkCommon(`${method} ${path}`, answer);
    if (request.port === this.stack.ports.server) checkSecurityHeaders(`${method} ${path} → ${answer.status}`, answer, kindOf(request));
    if (operation) checkAnswer(operation, request, answer);
    else if (answer.status >= 400 && method !== 'HEAD') checkProblem(`${method} ${path}`, answer);
    this.seen?.(request, answer);
    return answer;
  }

  request(method, path, { json, form, body, headers = {}, host = this.host, port = this.stack.ports.server, fresh, tls }) {
    const all = lowerCase({ ...this.headers(method), ...headers });
    if (json !== undefined) [body, all['content-type']] = [JSON.stringify(json), all['content-type'] ?? 'application/json'];
    if (form !== undefined) [body, all['content-type']] = [new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded'];
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    return { port, method, host, path, headers: all, body, fresh, tls };
  }

  headers() {
    return {};
  }

  // What Prism would not pass on goes straight: raw bodies, which it would parse; requests without credentials, which it refuses itself; and
  // the one route that redirects by design, because Prism follows redirects.
  throughPrism(operation, { headers }, { body, port, tls }) {
    const straight = !this.stack.prism || body !== undefined || port !== undefined || tls || operation.id === 'launch_redeem';
    const bearer = /^Bearer \S/.test(headers.authorization ?? '');
    const credentials = { platform: bearer, tenant: bearer, callback: headers['x-twilio-signature'], public: 'none' };
    const given = operation.level in credentials ? credentials[operation.level] : /__Host-sid=[^;]/.test(headers.cookie ?? '');
    return !straight && Boolean(given);
  }

  async viaPrism(request) {
    const id = crypto.randomUUID();
    const headers = { ...request.headers, 'x-test-host': request.host, 'x-test-id': id };
    const seen = await send({ ...request, port: this.stack.ports.prism, host: 'prism', headers });
    const type = seen.mediaType === 'application/problem+json' ? seen.json.type : '';
    assert.ok(!type.includes('stoplight'), `Prism refused ${request.method} ${request.path}: ${seen.text}`);
    const kept = await send({ port: this.stack.ports.relay, host: 'relay', path: `/kept/${id}` });
    const { status, rawHeaders, body } = kept.json;
    return new Answer(status, rawHeaders, Buffer.from(body, 'base64'));
  }
}

// Whose policy an answer has to carry: that of a panel, unless the host is another one.
function kindOf({ host, path }) {
  return { panel: /^[a-z][a-z0-9-]*[a-z0-9]\.panel\.localhost(:|$)/i.test(host) && !host.startsWith('api.'), asset: /^\/(assets\/|v1\/(docs|openapi\.yaml)|\.well-known\/)/.test(path) };
}

function lowerCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

// Asserts a refusal: its status, its code and, when given, exactly the fields that it names.
export function problem(answer, status, code, ...pointers) {
  assert.equal(`${answer.status} ${answer.json?.code}`, `${status} ${code}`, answer.text.slice(0, 500));
  if (pointers.length > 0) assert.deepEqual((answer.json.errors ?? []).map((one) => one.pointer).sort(), [...pointers].sort());
  return answer.json;
}

function checkProblem(where, answer) {
  assert.equal(answer.mediaType, 'application/problem+json', `${where}: an error that is not a problem: ${answer.text.slice(0, 300)}`);
  for (const member of ['type', 'title', 'status', 'detail', 'code']) assert.ok(member in answer.json, `${where}: a problem without ${member}`);
}

// ---------------------------------------------------------------------------------------------------------- backends

export class Backend extends Caller {
  constructor(stack, key) {
    super(stack, stack.hosts().api);
    this.key = key;
  }

  headers(method) {
    return {
      ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }),
      ...(method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {}),
    };
  }
}

export class Platform extends Backend {
  constructor(stack) {
    super(stack, stack.platformKey);
  }

  // A new tenant with a slug of its own.
  async tenant(more = {}) {
    const answer = await this.call('POST', '/v1/tenants', { json: { slug: newSlug(), name: 'Acme Toys', country: 'US', ...more } });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  }

  async newKey(tenant, more = {}) {
    const answer = await this.call('POST', `/v1/tenants/${tenant.id}/keys`, { json: { name: 'Shop server', ...more } });
    assert.equal(answer.status, 201, answer.text);
    this.stack.secret(answer.json.secret);
    return answer.json;
  }

  // A launch key of the tenant: HS256 with a drawn secret, unless told otherwise.
  async launchKey(tenant, more = { algorithm: 'HS256' }) {
    const answer = await this.call('POST', `/v1/tenants/${tenant.id}/launch-keys`, { json: { name: 'Shop server', ...more } });
    assert.equal(answer.status, 201, answer.text);
    if (answer.json.secret) this.stack.secret(answer.json.secret);
    return answer.json;
  }

  // A new tenant's backend, ready to launch users. strict: with the bounds of a new store; else those on how many texts go unanswered are in
  // shadow, because suites send more of them in a minute than any store in a week.
  async store(more = {}, key = {}, { strict = false } = {}) {
    const tenant = await this.tenant(more);
    if (!strict) await this.shadow(tenant, ['country_day', 'ramp', 'breaker_range', 'breaker_country', 'breaker_tenant', 'breaker_platform']);
    return new Store(this.stack, tenant, (await this.newKey(tenant, key)).secret);
  }

  async shadow(tenant, layers) {
    const answer = await this.call('PATCH', `/v1/tenants/${tenant.id}/limits`, { json: { shadow: layers }, headers: { 'if-match': '*' } });
    assert.equal(answer.status, 200, answer.text);
  }

  suspend(tenant) {
    return this.call('POST', `/v1/tenants/${tenant.id}/suspend`, { json: { reason: 'a test' } });
  }

  resume(tenant) {
    return this.call('POST', `/v1/tenants/${tenant.id}/resume`, { json: { reason: 'a test' } });
  }
}

export function newSlug() {
  return `s${crypto.randomBytes(8).toString('hex')}`;
}

export class Store extends Backend {
  constructor(stack, tenant, key) {
    super(stack, key);
    this.tenant = tenant;
  }

  async ticket({ user = {}, ...more } = {}) {
    const whole = { external_id: crypto.randomUUID(), name: 'Ann Arbor', role: 'admin', ...user };
    const answer = await this.call('POST', '/v1/launches', { json: { user: whole, ...more } });
    assert.equal(answer.status, 201, answer.text);
    this.stack.secret(answer.json.ticket);
    return answer.json;
  }

  // A browser that has just followed the link in the store: a launched session.
  async launch(what = {}) {
    const browser = new Panel(this.stack, this.tenant.slug);
    return this.relaunch(browser, what);
  }

  // The same browser once more, as the same user unless told otherwise.
  async relaunch(browser, what = {}) {
    const user = { external_id: browser.externalId ?? crypto.randomUUID(), ...what.user };
    const { ticket } = await this.ticket({ ...what, user });
    browser.externalId = user.external_id;
    const answer = await browser.redeem(ticket);
    assert.equal(answer.headers.location, '/', answer.text);
    assert.ok(browser.cookies.get('__Host-sid'), 'no session cookie');
    return browser;
  }

  // A browser with a verified phone, ready and fresh.
  async signedIn(what = {}) {
    const browser = await this.launch(what);
    await browser.setUpPhone();
    return browser;
  }
}

// ----------------------------------------------------------------------------------------------------------- browser

const MUTATIONS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export class Panel extends Caller {
  constructor(stack, slug, { address = newAddress() } = {}) {
    super(stack, stack.hosts(slug).panel);
    this.origin = `http://${this.host}`;
    this.address = address;
    this.cookies = new Map();
    this.codes = [];
  }

  headers(method) {
    const fences = { origin: this.origin, 'x-requested-by': 'tillgate-panel', 'sec-fetch-site': 'same-origin' };
    return {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'x-real-ip': this.address,
      ...(this.cookies.size > 0 ? { cookie: this.cookieHeader() } : {}),
      ...(MUTATIONS.has(method) ? fences : {}),
    };
  }

  cookieHeader() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  // Keeps cookies as a browser does, and every answer for the invariants.
  seen(request, answer) {
    for (const line of answer.setCookies) {
      const [pair, ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (attributes.some((one) => /^max-age=0$/i.test(one))) this.cookies.delete(name);
      else this.cookies.set(name, this.stack.secret(value));
    }
    remember(this.stack, request, answer);
  }

  // The browser's state, to be put back later: an old cookie, a second tab.
  copy() {
    const other = new Panel(this.stack, 'unknown', { address: this.address });
    Object.assign(other, { host: this.host, origin: this.origin, externalId: this.externalId, number: this.number, secret: this.secret });
    other.cookies = new Map(this.cookies);
    return other;
  }

  redeem(ticket) {
    // As the store's page posts it: from another site, without our fences.
    return this.call('POST', '/launch', {
      form: { ticket },
      headers: { origin: 'https://shop.example', 'x-requested-by': null, 'sec-fetch-site': 'cross-site' },
    });
  }

  async session() {
    return expect(await this.call('GET', '/api/session'), 200);
  }

  async profile() {
    return expect(await this.call('GET', '/api/profile'), 200);
  }

  // ---- texted codes

  // Asks for a text and answers the challenge, with the code as it came to the phone.
  async textMe(path = '/api/second-step/send-code', number = this.number) {
    const before = await this.stack.sandbox.messagesTo(number);
    const challenge = expect(await this.call('POST', path), 202);
    const message = await this.stack.sandbox.nextMessage(number, before.length);
    return { ...challenge, code: this.stack.secret(codeOf(message)), message };
  }

  verify(code, more = {}) {
    return this.call('POST', '/api/second-step/verify', { json: { code, ...more } });
  }

  // The second step by text, from the click to the ready session.
  async secondStep(more = {}) {
    const { id, code } = await this.textMe();
    return expect(await this.verify(code, { challenge: id, ...more }), 200);
  }

  // ---- phone

  savePhone(number, more = {}) {
    return this.call('PUT', '/api/phone', { json: { number, consent: true, ...more } });
  }

  async setUpPhone(number = newNumber()) {
    this.stack.secret(number);
    expect(await this.savePhone(number), 200);
    const { id, code } = await this.textMe('/api/phone/send-code', number);
    const body = expect(await this.call('POST', '/api/phone/verify', { json: { code, challenge: id } }), 200);
    this.number = number;
    return body;
  }

  // ---- authenticator, backup codes

  async setUpAuthenticator() {
    const started = expect(await this.call('POST', '/api/authenticator'), 201);
    this.secret = this.stack.secret(started.secret);
    // The step before now, so that the present one is still unspent.
    expect(await this.call('POST', '/api/authenticator/check', { json: { code: this.totp(-1) } }), 200);
    return started;
  }

  // The code of the authenticator now, or some steps away.
  totp(steps = 0) {
    return this.stack.secret(totp(this.secret, Date.now() / 1000 + steps * 30));
  }

  async backupCodes() {
    const { codes } = expect(await this.call('POST', '/api/backup-codes'), 201);
    codes.forEach((code) => this.stack.secret(code));
    return codes;
  }
}

export function expect(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 800));
  return answer.json;
}

// The code of a text: its last line is origin-bound, `@host #123456`.
export function codeOf(message) {
  const found = message.body.match(/^@\S+ #([0-9]{6})$/m);
  assert.ok(found, `no origin-bound code in: ${message.body}`);
  return found[1];
}

// A six-digit code that is not this one.
export function wrongCode(code = '000000') {
  return String((Number(code) + 1 + crypto.randomInt(999_000)) % 1_000_000).padStart(6, '0');
}

// Waits for the middle of a TOTP step when a test needs two calls in the same one.
export async function steadyStep(need = 8) {
  const left = 30 - ((Date.now() / 1000) % 30);
  if (left < need) await sleep((left + 0.1) * 1000);
}
