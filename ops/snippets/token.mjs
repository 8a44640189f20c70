// Settings > Advanced, without calling out: the store's backend signs who is there, the page posts that to the panel.
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { TILLGATE_STORE, TILLGATE_PANEL, TILLGATE_LAUNCH_KEY } = process.env;
const key = JSON.parse(readFileSync(TILLGATE_LAUNCH_KEY, 'utf8')); // the private JWK, with its kid
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = Math.floor(Date.now() / 1000);
const text = `${encode({ alg: 'EdDSA', kid: key.kid, typ: 'launch+jwt' })}.${encode({
  iss: TILLGATE_STORE, aud: TILLGATE_PANEL, iat: now, exp: now + 60, jti: randomUUID(), sub: '42', name: 'Ann Arbor', role: 'owner',
})}`;
const signature = sign(null, Buffer.from(text), createPrivateKey({ key, format: 'jwk' })).toString('base64url');
console.log(`<!doctype html>
<title>Opening the admin panel</title>
<form method="post" action="${TILLGATE_PANEL}/launch">
  <input type="hidden" name="token" value="${text}.${signature}">
  <button>Continue to the admin panel</button>
</form>`);
