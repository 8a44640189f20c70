// The sandbox's Twilio, seen from a test: what it accepted, and which faults it shall have.
import fs from 'node:fs';
import assert from 'node:assert/strict';
import { send } from './http.mjs';
import { until } from './process.mjs';
import { ROOT } from './paths.mjs';

export class Sandbox {
  constructor(stack) {
    this.stack = stack;
  }

  command() {
    const { run, ports, stores, edge } = this.stack;
    const parts = ['twilio', 'phone', 'webhooks', ...(stores ? ['store'] : []), ...(edge ? ['application'] : [])];
    return [process.execPath, `${ROOT}/ops/sandbox/main.mjs`, '--run', run, '--only', parts.join(),
      '--application-port', ports.application, '--panel', this.configured('panel_origins').split(' ')[0],
      '--store-port', ports.store, '--api', this.configured('api_origin'), '--ledger', this.ledgerFile,
      '--port', ports.twilio, '--tls-port', ports.twilio_tls, '--phone-port', ports.phone, '--webhook-port', ports.webhook, '--smtp-port', ports.smtp,
      '--account', this.configured('twilio_account'), '--user', this.configured('twilio_user'),
      '--service', this.configured('twilio_messaging_service'), '--verify-service', this.configured('twilio_verify_service')].map(String);
  }

  // On disk before Twilio's answer leaves: what was really accepted, whoever died afterwards.
  get ledgerFile() {
    return `${this.stack.run}/ledger.jsonl`;
  }

  ledger() {
    if (!fs.existsSync(this.ledgerFile)) return [];
    return fs.readFileSync(this.ledgerFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  // A value of the server's configuration file.
  configured(key) {
    const text = fs.readFileSync(this.stack.configFile, 'utf8');
    return text.match(new RegExp(`^${key} *= *(.*)$`, 'm'))?.[1];
  }

  async control(method, path, json) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const answer = await send({
      port: this.stack.ports.twilio, host: `127.0.0.1:${this.stack.ports.twilio}`, method, path: `/_control/${path}`, body,
      headers: { 'content-type': 'application/json' }, fresh: true,
    });
    assert.ok(answer.status < 300, `the sandbox refused ${method} ${path}: ${answer.text}`);
    return answer.json;
  }

  // Faults as ops/sandbox/twilio.mjs describes them.
  fault(...faults) {
    return this.control('POST', 'faults', faults);
  }

  async faultless() {
    await this.control('POST', 'reset');
  }

  // One more callback for a message, signed, whenever the test likes.
  callback(sid, status, errorCode) {
    return this.control('POST', 'callback', { sid, status, error_code: errorCode });
  }

  async messages() {
    return (await this.control('GET', 'messages')).messages;
  }

  async messagesTo(number) {
    return (await this.control('GET', `messages?to=${encodeURIComponent(number)}`)).messages;
  }

  // The message after the first `count` to this number, once it was accepted.
  async nextMessage(number, count) {
    return until(`text ${count + 1} to …${number.slice(-4)}`, async () => (await this.messagesTo(number))[count]);
  }

  // The message once it ended like this, as Twilio sees it.
  async ended(sid, status) {
    return until(`message ${sid} to be ${status}`, async () =>
      (await this.messages()).find((one) => one.sid === sid && one.status === status));
  }
}
