// What an application behind the panel needs of a JWT library, in sixty lines without one: checks Tillgate's identity tokens.
//
//   const check = identityChecker({ keys: 'https://api.…/.well-known/jwks.json', panel: 'https://{slug}.panel.…' })
//   const claims = await check(request.headers['x-tillgate-token'], 'acme-toys')      // throws when the token is not good
//
// The algorithm, the type, the issuer and the audience are what this side expects, never what the token says; a key that is not known is
// looked for once more, since Tillgate may have rotated, but not more often than every five seconds.

import { createPublicKey, verify } from 'node:crypto'
import { request } from './net.mjs'

const KEEP = 300_000
const AGAIN = 5_000
const SKEW = 30

/** keys: where the JWK set is; panel: the panel's origin with {slug}; audience: what Tillgate's identity_audience says, if anything. */
export function identityChecker({ keys, panel, audience }) {
  const keyOf = keySource(keys)
  return async function check(token, slug) {
    const [head, body, signature, ...more] = String(token ?? '').split('.')
    if (!signature || more.length > 0) throw new Error('no token')
    const { alg, typ, kid } = decode(head)
    if (alg !== 'ES256' || typ !== 'identity+jwt') throw new Error('another kind of token')
    const key = await keyOf(kid)
    if (!key) throw new Error('a key that nobody knows')
    const good = verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
    if (!good) throw new Error('a signature that is wrong')
    const claims = decode(body)
    const now = Date.now() / 1000
    if (!(claims.exp > now - SKEW)) throw new Error('a token that has expired')
    if (!(claims.iat < now + SKEW)) throw new Error('a token of the future')
    if (claims.iss !== panel.replace('{slug}', slug) || claims.aud !== (audience ?? slug)) throw new Error('a token for somebody else')
    return claims
  }
}

function decode(part) {
  const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  if (value === null || typeof value !== 'object') throw new Error('no token')
  return value
}

function keySource(url) {
  let known = new Map()
  let fetched = -Infinity
  return async function keyOf(kid) {
    const age = Date.now() - fetched
    if (age > KEEP || (!known.has(kid) && age > AGAIN)) {
      fetched = Date.now()
      known = await fetchKeys(url)
    }
    return known.get(kid)
  }
}

async function fetchKeys(url) {
  const { status, text } = await request(url, { timeout: 5000 })
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  return new Map(JSON.parse(text).keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]))
}
