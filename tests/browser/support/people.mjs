// Users who have their second step already, set up over HTTP so that a scene begins where its story does.
import { Panel, newNumber } from '../../harness/suite.mjs';
import { totp } from '../../harness/totp.mjs';

// Straight to the server: the edge would say that everybody comes from the one address of this machine.
class Backdoor extends Panel {
  request(method, path, options) {
    return super.request(method, path, { port: this.stack.ports.server, ...options });
  }
}

// methods: of sms, authenticator; the first one set up is the preferred one. codes: whether there are backup codes.
export async function newPerson(world, { store, methods = ['sms'], codes = true, user = {} } = {}) {
  const at = store ?? await world.platform.store({ name: 'Maple & Pine', country: 'US', sms_countries: ['US', 'DE'] });
  const panel = new Backdoor(world.stack, at.tenant.slug);
  const person = { store: at, panel };
  await at.relaunch(panel, { user: { name: 'Ann Archer', email: 'ann@maple-pine.example', role: 'owner', locale: 'en', ...user } });
  for (const method of methods) {
    if (method === 'sms') await panel.setUpPhone(newNumber());
    else await panel.setUpAuthenticator();
  }
  person.codes = codes ? await panel.backupCodes() : [];
  person.user = { external_id: panel.externalId, name: 'Ann Archer', email: 'ann@maple-pine.example', role: 'owner', locale: 'en', ...user };
  Object.assign(person, { number: panel.number, secret: panel.secret });
  return person;
}

export class Authenticator {
  // An app on a phone: its code now, or the next one, since each is good once.
  constructor(secret) {
    this.secret = secret;
  }

  code(steps = 0) {
    return totp(this.secret, Date.now() / 1000 + steps * 30);
  }
}
