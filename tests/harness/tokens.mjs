// Launch tokens: keys of each kind, good tokens made by jose, and whatever else, put together by hand.
import crypto from 'node:crypto';
import { SignJWT } from 'jose';

export const KINDS = { EdDSA: ['ed25519'], ES256: ['ec', { namedCurve: 'P-256' }], RS256: ['rsa', { modulusLength: 2048 }] };
export const encode = (value) => Buffer.from(typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)).toString('base64url');

// A launch key registered with the platform, and what is needed to sign with it.
export async function newSigner(platform, tenant, algorithm, kid) {
  if (algorithm === 'HS256') {
    const { id, secret } = await platform.launchKey(tenant);
    return { algorithm, kid: id, id, key: crypto.createSecretKey(secret, 'base64url') };
  }
  const { privateKey, publicKey } = crypto.generateKeyPairSync(...KINDS[algorithm]);
  const { id, kids } = await platform.launchKey(tenant, { algorithm, jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid ? { kid } : {}) } });
  return { algorithm, kid: kids[0], id, key: privateKey, publicKey };
}

export const seconds = () => Math.floor(Date.now() / 1000);

export function claimsOf(store, origin, more = {}) {
  const now = seconds();
  return { iss: store.tenant.id, aud: origin, sub: crypto.randomUUID(), name: 'Ann Arbor', role: 'admin', iat: now, exp: now + 60, jti: crypto.randomUUID(), ...more };
}

export const headerOf = (signer, more = {}) => ({ alg: signer.algorithm, kid: signer.kid, typ: 'launch+jwt', ...more });

// As a store makes it.
export const sign = (signer, claims, header = headerOf(signer)) => new SignJWT(claims).setProtectedHeader(header).sign(signer.key);

// Signs any text as the algorithm would, or as another one.
export function signature(text, key, algorithm) {
  switch (algorithm) {
    case 'EdDSA': return crypto.sign(null, Buffer.from(text), key);
    case 'ES256': return crypto.sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    case 'ES256 in DER': return crypto.sign('sha256', Buffer.from(text), key);
    case 'ES512': return crypto.sign('sha512', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    case 'RS256': return crypto.sign('sha256', Buffer.from(text), key);
    case 'RS384': return crypto.sign('sha384', Buffer.from(text), key);
    case 'RS1': return crypto.sign('sha1', Buffer.from(text), key);
    case 'PS256': return crypto.sign('sha256', Buffer.from(text), { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case 'HS256': return crypto.createHmac('sha256', key).update(text).digest();
    case 'HS512': return crypto.createHmac('sha512', key).update(text).digest();
    default: throw new Error(algorithm);
  }
}

// Header and claims as they are, text or value, signed.
export function assemble(signer, header, claims, { algorithm = signer.algorithm, key = signer.key } = {}) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${signature(text, key, algorithm).toString('base64url')}`;
}
