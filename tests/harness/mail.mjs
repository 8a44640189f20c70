// Everybody's mail, seen from a test: what the sandbox's mail server took, and which faults it shall have.
import assert from 'node:assert/strict';
import { send } from './http.mjs';
import { until } from './process.mjs';

export class Mail {
  constructor(stack) {
    this.stack = stack;
  }

  async control(method, path, json) {
    const answer = await send({ port: this.stack.ports.phone, host: 'localhost', method, path, body: json && JSON.stringify(json), fresh: true });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  // Faults as ops/sandbox/mail.mjs describes them; they replace earlier ones.
  fault(...faults) {
    return this.control('POST', '/mail/faults', faults);
  }

  // Everything that this address got, oldest first.
  async to(address) {
    return (await this.control('GET', `/mails?to=${encodeURIComponent(address)}`)).mails.reverse();
  }

  async all() {
    return (await this.control('GET', '/mails')).mails;
  }

  // Once it got `count`.
  async until(address, count) {
    return until(`mail ${count} to ${address}`, async () => {
      const mails = await this.to(address);
      return mails.length >= count && mails;
    });
  }

  // Until the server has said that it can mail: before that no notice is written.
  async ready() {
    await until('the server to be able to mail', async () => (await this.stack.db.value('select count(*) from app.mail_servers')) === 1);
  }

  // What waits is due now.
  async hurry() {
    await this.stack.db.rows(`update app.mails set due_at = now() where due_at is not null`);
  }
}
