// The platform's endpoint, seen from a test: what it was told, checked with the library that the specification's authors publish.
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { send } from './http.mjs';
import { until } from './process.mjs';
import { expect } from './clients.mjs';

let made = 0;

export class Endpoint {
  constructor(stack, platform) {
    this.stack = stack;
    this.platform = platform;
    this.path = `/hooks/${process.pid}/${++made}`;
    this.url = `http://localhost:${stack.ports.webhook}${this.path}`;
  }

  // A new one that is told of these.
  static async create(stack, platform, kinds = ['*'], more = {}) {
    const endpoint = new Endpoint(stack, platform);
    const answer = expect(await platform.call('POST', '/v1/webhooks', { json: { url: endpoint.url, kinds, ...more } }), 201);
    return Object.assign(endpoint, { id: answer.id, secret: stack.secret(answer.secret) });
  }

  call(method, what = '', options = {}) {
    return this.platform.call(method, `/v1/webhooks/${this.id}${what}`, options);
  }

  async read() {
    return expect(await this.call('GET'), 200);
  }

  async deliveries(query = '') {
    return expect(await this.call('GET', `/deliveries${query}`), 200).items;
  }

  async remove() {
    expect(await this.call('DELETE'), 204);
  }

  // ------------------------------------------------------------------ the other side

  async control(method, path, json) {
    const answer = await send({ port: this.stack.ports.webhook, host: 'localhost', method, path, body: json && JSON.stringify(json), fresh: true });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  // Faults as ops/sandbox/webhooks.mjs describes them, at this endpoint; they replace those of all others.
  fault(...faults) {
    return this.control('POST', '/_faults', faults.map((fault) => ({ path: this.path, ...fault })));
  }

  // Everything that was posted, in the order of its coming.
  async posted() {
    return (await this.control('GET', `/_received?path=${this.path}`)).messages;
  }

  // What it took, each opened with the library: {id, type, timestamp, data}.
  async taken(secret = this.secret) {
    return (await this.posted()).filter(({ status }) => status === 204).map((message) => open(message, secret));
  }

  // Once `count` messages were taken.
  async until(count, what = `${count} messages`) {
    return until(what, async () => {
      const taken = await this.taken();
      return taken.length >= count && taken;
    });
  }

  // Once it holds of what was posted.
  untilPosted(what, holds) {
    return until(what, async () => {
      const posted = await this.posted();
      return holds(posted) && posted;
    });
  }

  // What waits is due now.
  async hurry() {
    await this.stack.db.rows(`update app.webhook_lanes set due_at = now() where webhook_id = (
      select webhook_id from app.webhooks where app.typeid('webhook', webhook_id) = $1) and due_at is not null and not held`, this.id);
  }
}

export function open(message, secret) {
  const content = new Webhook(secret).verify(message.body, message.headers);
  return { id: message.id, ...content };
}
