// Who exists in the measured database. Everything about user n follows from n and the root key, so that the seed, the requests and
// the ceilings agree without asking each other.
import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const PER_TENANT = 10;
export const PURPOSE = 'sign_in';

// Each thing drawn for user n: 32 bytes.
const draw = (what, n) => createHash('sha256').update(`${what} ${n}`).digest();

// UUIDv7 whose time rises with n, as ids do in real life: neighbours in time are neighbours in the indexes.
function uuid7(milliseconds, what, n) {
  const bytes = Buffer.from(draw(what, n).subarray(0, 16));
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes;
}

// TypeID: 128 bits as 26 letters of Crockford's base32.
export function typeid(prefix, bytes) {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let letters = '';
  for (let i = 0; i < 26; i++, rest >>= 5n) letters = '0123456789abcdefghjkmnpqrstvwxyz'[Number(rest & 31n)] + letters;
  return `${prefix}_${letters}`;
}

export class People {
  constructor(rootKey, users) {
    this.rootKey = rootKey;
    this.users = users;
    this.now = Date.now();
    this.born = this.now - 90 * 86_400_000;
    this.step = Math.floor((89 * 86_400_000) / users);
  }

  tenantOf = (n) => Math.floor((n - 1) / PER_TENANT) + 1;
  tenants = () => this.tenantOf(this.users);

  tenant(t) {
    return { id: uuid7(this.born + t * this.step, 'tenant', t), slug: `store-${t}` };
  }

  user(n) {
    const tenant = this.tenant(this.tenantOf(n));
    const user = uuid7(this.born + n * this.step, 'user', n);
    const secret = draw('session', n);
    const challenge = uuid7(this.now - 60_000 + (n % 1000), 'challenge', n);
    const code = String(draw('code', n).readUInt32BE() % 1_000_000).padStart(6, '0');
    return {
      n, tenant: tenant.id, slug: tenant.slug, user, challenge, code,
      phone: uuid7(this.born + n * this.step + 60_000, 'phone', n),
      session: uuid7(this.now - 60_000, 'session id', n),
      cookie: Buffer.concat([tenant.id, user, secret]),
      number: `+1${201 + Math.floor(n / 1_000_000)}${String(2_000_000 + (n % 1_000_000)).padStart(7, '0')}`,
      address: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    };
  }

  // What the database keeps of that user: the columns of bench.users, in order.
  row(n) {
    const u = this.user(n);
    return [
      n, u.tenant, u.user, u.session, createHash('sha256').update(u.cookie).digest(), u.slug, u.phone,
      this.seal(u.tenant, 'phones.number', u.phone, u.number), this.mac(u.tenant, 'phone-index', u.number),
      this.mac(Buffer.alloc(16), 'phone-velocity', u.number), u.number.slice(0, -4), `+1 ••• ••${u.number.slice(-2)}`, u.address,
      u.challenge, this.codeMac(u.tenant, u.challenge, u.user, u.code), this.seal(u.tenant, 'challenges.code', u.challenge, u.code),
      uuid7(this.now - 60_000 + (n % 1000), 'send', n), uuid7(this.now + n, 'next challenge', n), uuid7(this.now + n, 'next send', n),
      uuid7(this.now + n, 'next session', n), draw('next token', n),
    ];
  }

  key(tenant, purpose) {
    const name = tenant.toString('hex') + purpose;
    if (this.#keys.size > 10_000) this.#keys.clear();
    if (!this.#keys.has(name)) this.#keys.set(name, Buffer.from(hkdfSync('sha256', this.rootKey, '', Buffer.concat([tenant, Buffer.from(purpose)]), 32)));
    return this.#keys.get(name);
  }
  #keys = new Map();

  mac = (tenant, purpose, bytes) => createHmac('sha256', this.key(tenant, purpose)).update(bytes).digest();

  codeMac = (tenant, challenge, user, code) =>
    this.mac(tenant, 'otp-mac', Buffer.concat([Buffer.from('v1'), challenge, user, Buffer.from(`${PURPOSE}\0${code}`)]));

  // 1 byte format, 2 bytes key version, 12 nonce, ciphertext, 16 tag.
  seal(tenant, context, row, plain) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key(tenant, 'seal'), nonce);
    cipher.setAAD(Buffer.concat([Buffer.from(context), tenant, row]));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.from([1, 0, 1]), nonce, sealed, cipher.getAuthTag()]);
  }
}

// n different users of 1…users, the same in every run, spread over all of them.
export function sample(users, count) {
  const stride = Math.max(1, Math.floor(users / count));
  const chosen = Array.from({ length: Math.min(count, users) }, (_, i) => i * stride + 1 + (draw('sample', i).readUInt32BE() % stride));
  return chosen.map((n, i) => [draw('order', i).readUInt32BE(), n]).sort((a, b) => a[0] - b[0]).map(([, n]) => n);
}
