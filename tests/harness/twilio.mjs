// Status callbacks as Twilio makes them: signed by Twilio's own library, so the server's check is held to theirs.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { Caller } from './clients.mjs';

const { getExpectedTwilioSignature } = createRequire(import.meta.url)('twilio/lib/webhooks/webhooks');

export class Twilio extends Caller {
  constructor(stack) {
    super(stack, stack.hosts().hooks);
  }

  get token() {
    return fs.readFileSync(`${this.stack.run}/keys/twilio-auth-token`, 'utf8').trim().split('\n')[0];
  }

  sign(url, fields, token = this.token) {
    return getExpectedTwilioSignature(token, url, fields);
  }

  // Posts a callback for a message of the sandbox. Options change one thing each: url (what is signed), path (where it goes), token,
  // signature, sent (fields that are posted, when other than those signed).
  post(message, fields, { url = message.callback, path = new URL(message.callback).pathname, token, signature, sent = fields } = {}) {
    return this.call('POST', path, {
      form: sent,
      headers: { 'x-twilio-signature': signature === undefined ? this.sign(url, fields, token) : signature },
    });
  }
}

export function fieldsOf(message, status, more = {}) {
  return { AccountSid: 'AC0', ApiVersion: '2010-04-01', MessageSid: message.sid, MessageStatus: status, SmsSid: message.sid, SmsStatus: status, To: message.to, ...more };
}
