// SSO-1 to SSO-5: launch tokens that somebody tampered with, made up, stole or kept. Outside each looks like every other one; what was wrong
// with it is in the log, and it must be what the test had in mind.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { CompactEncrypt, FlattenedSign, UnsecuredJWT } from 'jose';
import { suite, Panel, expect, until } from '../harness/suite.mjs';
import { newSigner, claimsOf, headerOf, sign, assemble, encode, seconds, signature } from '../harness/tokens.mjs';

const { stack, platform, db } = await suite({ edge: true });
const [store, other] = [await platform.store({ return_origins: ['https://shop.example'] }), await platform.store()];
const originOf = (one) => `http://${stack.hosts(one.tenant.slug).panel}`;
const ORIGIN = originOf(store);
const ed = await newSigner(platform, store.tenant, 'EdDSA', 'ed');
const es = await newSigner(platform, store.tenant, 'ES256', 'es');
const rs = await newSigner(platform, store.tenant, 'RS256', 'rs');
const hs = await newSigner(platform, store.tenant, 'HS256');
const foreign = await newSigner(platform, other.tenant, 'EdDSA', 'foreign');
const claims = (more) => claimsOf(store, ORIGIN, more);
const without = (name) => Object.fromEntries(Object.entries(claims()).filter(([key]) => key !== name));

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://shop.example', 'x-requested-by': null, 'sec-fetch-site': 'cross-site' };
const post = (body, { at = store, ...options } = {}) =>
  new Panel(stack, at.tenant.slug).call('POST', '/launch', { body: typeof body === 'string' ? body : new URLSearchParams(body).toString(), headers: FORM, unchecked: true, ...options });
const sessions = (at = store) => db.value(`select count(*)::int from app.sessions s join app.tenants t using (tenant_id) where t.slug = $1`, at.tenant.slug);

// All that a stranger can tell one answer from another by.
const outwardly = (answer) => ({ status: answer.status, location: answer.headers.location, cookies: answer.setCookies, text: answer.text,
  names: Object.keys(answer.headers).filter((name) => !['date', 'connection', 'keep-alive'].includes(name)).sort() });
let like;

async function refused(why, body, options) {
  const answer = await post(body, options);
  like ??= outwardly(answer);
  assert.deepEqual([answer.status, answer.headers.location, answer.setCookies], [303, '/?problem=launch_expired', []], answer.text);
  assert.deepEqual(outwardly(answer), like);
  const id = answer.headers['x-request-id'];
  const line = await until('the log to say why', () => stack.serverLog().split('\n').find((one) => one.includes('"launch_refused"') && one.includes(id)));
  assert.equal(JSON.parse(line).why, why);
}

async function accepted(token, options) {
  const answer = await post({ token }, options);
  assert.equal(answer.headers.location, '/', answer.text);
  assert.equal(answer.setCookies.length, 1);
}

// One test for each line: name, why, and what makes the token.
function each(title, lines) {
  describe(title, () => {
    for (const [name, why, make] of lines) {
      test(name, async () => {
        const before = await sessions();
        await refused(why, { token: await make() });
        assert.equal(await sessions(), before);
      });
    }
  });
}

describe('a good token', () => {
  for (const signer of [ed, es, rs, hs]) {
    test(`of ${signer.algorithm}, made by jose, starts one session, as the person it names`, async () => {
      const token = await sign(signer, claims({ email: 'ann@shop.example', locale: 'de', destination: '/profile', return_url: 'https://shop.example/admin', nbf: seconds() }));
      const browser = new Panel(stack, store.tenant.slug);
      const answer = await browser.call('POST', '/launch', { form: { token }, headers: FORM });
      assert.equal(answer.headers.location, '/');
      const session = await browser.session();
      assert.deepEqual([session.state, session.user.name, session.user.email, session.destination, session.return_url],
        ['set_up', 'Ann Arbor', 'ann@shop.example', '/profile', 'https://shop.example/admin']);
      await refused('jti_spent', { token });
    });
  }

  test('lowers a role and never raises one, as a ticket does', async () => {
    const roles = [];
    for (const role of ['viewer', 'owner', 'admin']) {
      const browser = new Panel(stack, store.tenant.slug);
      await browser.call('POST', '/launch', { form: { token: await sign(ed, claims({ sub: 'the same', role })) }, headers: FORM });
      roles.push((await browser.session()).user.role);
    }
    assert.deepEqual(roles, ['viewer', 'viewer', 'viewer']);
  });

  test('may be half a minute too early or too late', async () => {
    const now = seconds();
    await accepted(await sign(ed, claims({ iat: now + 25, exp: now + 85 })));
    await accepted(await sign(ed, claims({ iat: now - 80, exp: now - 20 })));
  });

  test('tells the platform when it was used, and why another was refused', async () => {
    const signer = await newSigner(platform, store.tenant, 'EdDSA', 'told');
    await accepted(await sign(signer, claims()));
    await refused('aud', { token: await sign(signer, claims({ aud: 'https://wrong.example' })) });
    const key = expect(await platform.call('GET', `/v1/tenants/${store.tenant.id}/launch-keys`), 200).items.find((one) => one.id === signer.id);
    assert.ok(key.last_used_at && key.last_refused_at);
    assert.equal(key.last_refusal, 'aud');
    const events = await db.rows(`select e.kind, e.detail->>'why' as why from app.events e where e.tenant_id = (select tenant_id from app.tenants where slug = $1) and e.detail->>'launch_key' = $2 order by e.at`, store.tenant.slug, signer.id);
    assert.deepEqual(events.map((one) => [one.kind, one.why]), [['launch_key_created', null], ['launch_redeemed', null], ['launch_refused', 'aud']]);
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/launch-keys/${signer.id}`), 204);
  });
});

const now = seconds;
each('SSO-1 a claim that is missing, changed or of another type', [
  ...['iss', 'aud', 'iat', 'exp', 'jti', 'sub', 'name', 'role'].map((name) => [`no ${name}`, name, () => sign(ed, without(name))]),
  ...['iss', 'aud', 'iat', 'exp', 'jti', 'sub', 'name', 'role'].flatMap((name) => [null, true, {}, [], '', 1.5].map((value) =>
    [`${name} = ${JSON.stringify(value)}`, name, () => assemble(ed, headerOf(ed), { ...claims(), [name]: value })])),
  ['iss of another store', 'iss', () => sign(ed, claims({ iss: other.tenant.id }))],
  ['iss in capitals', 'iss', () => sign(ed, claims({ iss: store.tenant.id.toUpperCase() }))],
  ['aud of another store', 'aud', () => sign(ed, claims({ aud: originOf(other) }))],
  ['aud with a slash', 'aud', () => sign(ed, claims({ aud: `${ORIGIN}/` }))],
  ['aud with a path', 'aud', () => sign(ed, claims({ aud: `${ORIGIN}/launch` }))],
  ['aud in a list', 'aud', () => sign(ed, claims({ aud: [ORIGIN, 'https://elsewhere.example'] }))],
  ['aud without a port', 'aud', () => sign(ed, claims({ aud: ORIGIN.replace(/:\d+$/, '') }))],
  ['aud with a user', 'aud', () => sign(ed, claims({ aud: ORIGIN.replace('://', '://x@') }))],
  ['expired', 'exp', () => sign(ed, claims({ iat: now() - 120, exp: now() - 61 }))],
  ['ends before it begins', 'exp', () => sign(ed, claims({ exp: now() - 1 }))],
  ['lives 61 seconds', 'exp', () => sign(ed, claims({ exp: now() + 62 }))],
  ['lives for ever', 'exp', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":9223372036854775807'))],
  ['exp beyond 64 bits', 'claims', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":99999999999999999999'))],
  ['exp as 1e999', 'claims', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'))],
  ['exp in text', 'exp', () => assemble(ed, headerOf(ed), { ...claims(), exp: String(now() + 60) })],
  ['exp with a fraction', 'exp', () => assemble(ed, headerOf(ed), { ...claims(), exp: now() + 59.5 })],
  ['exp in exponents', 'exp', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace(/"exp":(\d+)/, '"exp":$1e0'))],
  ['exp below zero', 'exp', () => assemble(ed, headerOf(ed), { ...claims(), exp: -1 })],
  ['iat of tomorrow', 'iat', () => sign(ed, claims({ iat: now() + 86400, exp: now() + 86460 }))],
  ['iat of a minute hence', 'iat', () => sign(ed, claims({ iat: now() + 45, exp: now() + 90 }))],
  ['nbf of tomorrow', 'nbf', () => sign(ed, claims({ nbf: now() + 86400 }))],
  ['nbf in text', 'nbf', () => assemble(ed, headerOf(ed), { ...claims(), nbf: '0' })],
  ['a short jti', 'jti', () => sign(ed, claims({ jti: 'a'.repeat(21) }))],
  ['a long jti', 'jti', () => sign(ed, claims({ jti: 'a'.repeat(129) }))],
  ['a jti with a line in it', 'jti', () => sign(ed, claims({ jti: `${'a'.repeat(30)}\n` }))],
  ['a role of its own', 'role', () => sign(ed, claims({ role: 'platform' }))],
  ['a name of 81 characters', 'name', () => sign(ed, claims({ name: 'ä'.repeat(81) }))],
  ['a name with a control character', 'name', () => sign(ed, claims({ name: 'Ann\u0007' }))],
  ['a name with a NUL', 'claims', () => sign(ed, claims({ name: 'Ann\u0000Bob' }))],
  ['a name of half a character', 'claims', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace('Ann Arbor', '\\ud800'))],
  ['a name that is no UTF-8', 'claims', () => assemble(ed, headerOf(ed), Buffer.from(JSON.stringify(claims()).replace('Ann', '\u00ff'), 'latin1'))],
  ['a sub of 129 characters', 'sub', () => sign(ed, claims({ sub: 'x'.repeat(129) }))],
  ['an e-mail that is none', 'email', () => sign(ed, claims({ email: 'ann' }))],
  ['a language that is none', 'locale', () => sign(ed, claims({ locale: 'xx' }))],
  ['a claim twice', 'claims', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace('{', '{"role":"viewer",'))],
  ['a claim twice, once escaped', 'claims', () => assemble(ed, headerOf(ed), JSON.stringify(claims()).replace('{', '{"r\\u006fle":"viewer",'))],
  ['claims that are a list', 'claims', () => assemble(ed, headerOf(ed), [claims()])],
  ['claims that are a token', 'claims', async () => assemble(ed, headerOf(ed), await sign(ed, claims()))],
  ['claims with more behind', 'claims', () => assemble(ed, headerOf(ed), `${JSON.stringify(claims())}{}`)],
  ['claims with a byte order mark', 'claims', () => assemble(ed, headerOf(ed), `\ufeff${JSON.stringify(claims())}`)],
  ['claims that are deep', 'claims', () => assemble(ed, headerOf(ed), '['.repeat(2500))],
]);

const stripped = async (signer) => (await sign(signer, claims())).split('.').slice(0, 2).join('.');
const header = (more) => assemble(ed, { ...headerOf(ed), ...more }, claims());
each('SSO-1 a header that asks for something else', [
  ['none, unsigned', 'shape', () => new UnsecuredJWT(claims()).encode()],
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) => [`alg ${JSON.stringify(alg)} with any signature`, 'alg', () => header({ alg })]),
  ['HS256 under the public PEM of RS256', 'alg', () => assemble(rs, headerOf(rs, { alg: 'HS256' }), claims(), { algorithm: 'HS256', key: rs.publicKey.export({ format: 'pem', type: 'spki' }) })],
  ['HS256 under the public DER of RS256', 'alg', () => assemble(rs, headerOf(rs, { alg: 'HS256' }), claims(), { algorithm: 'HS256', key: rs.publicKey.export({ format: 'der', type: 'spki' }) })],
  ['HS256 under the public key of EdDSA', 'alg', () => assemble(ed, headerOf(ed, { alg: 'HS256' }), claims(), { algorithm: 'HS256', key: Buffer.from(ed.publicKey.export({ format: 'jwk' }).x, 'base64url') })],
  ['HS256 under an empty secret', 'signature', () => assemble(hs, headerOf(hs), claims(), { key: '' })],
  ['HS512 of the right secret', 'alg', () => assemble(hs, headerOf(hs, { alg: 'HS512' }), claims(), { algorithm: 'HS512' })],
  ['PS256 with the key of RS256', 'alg', () => assemble(rs, headerOf(rs, { alg: 'PS256' }), claims(), { algorithm: 'PS256' })],
  ['RS256 that is signed as PS256', 'signature', () => assemble(rs, headerOf(rs), claims(), { algorithm: 'PS256' })],
  ['RS256 that is signed as RS384', 'signature', () => assemble(rs, headerOf(rs), claims(), { algorithm: 'RS384' })],
  ['RS256 that is signed with SHA-1', 'signature', () => assemble(rs, headerOf(rs), claims(), { algorithm: 'RS1' })],
  ['RS384', 'alg', () => assemble(rs, headerOf(rs, { alg: 'RS384' }), claims(), { algorithm: 'RS384' })],
  ['ES256 with the kid of EdDSA', 'alg', () => assemble(es, headerOf(es, { kid: 'ed' }), claims())],
  ['EdDSA with the kid of ES256', 'alg', () => assemble(ed, headerOf(ed, { kid: 'es' }), claims())],
  ['EdDSA of another kid, its alg lied about', 'signature', () => assemble(ed, headerOf(es), claims())],
  ['ES512', 'alg', () => assemble(es, headerOf(es, { alg: 'ES512' }), claims(), { algorithm: 'ES512' })],
  ['ES256 over SHA-512', 'signature', () => assemble(es, headerOf(es), claims(), { algorithm: 'ES512' })],
  ['Ed25519 as alg', 'alg', () => header({ alg: 'Ed25519' })],
  ['alg in small letters', 'alg', () => header({ alg: 'eddsa' })],
  ['alg as a list', 'alg', () => header({ alg: ['EdDSA'] })],
  ['no typ', 'header', () => assemble(ed, { alg: 'EdDSA', kid: 'ed' }, claims())],
  ['typ JWT', 'typ', () => header({ typ: 'JWT' })],
  ['typ at+jwt', 'typ', () => header({ typ: 'at+jwt' })],
  ['typ with a type before', 'typ', () => header({ typ: 'application/launch+jwt' })],
  ['crit', 'header', () => header({ crit: ['exp'], exp: 1 })],
  ['crit of nothing', 'header', () => header({ crit: [] })],
  ['b64 false', 'header', () => header({ b64: false, crit: ['b64'] })],
  ['zip', 'header', () => header({ zip: 'DEF' })],
  ['jku', 'header', () => header({ jku: 'https://evil.example/jwks.json' })],
  ['x5u', 'header', () => header({ x5u: 'https://evil.example/cert.pem' })],
  ['x5c', 'header', () => header({ x5c: ['MII'] })],
  ['cty', 'header', () => header({ cty: 'JWT' })],
  ['its own key as jwk', 'header', () => {
    const own = crypto.generateKeyPairSync('ed25519');
    return assemble(ed, headerOf(ed, { jwk: own.publicKey.export({ format: 'jwk' }) }), claims(), { key: own.privateKey });
  }],
  ['a member twice', 'header', () => assemble(ed, '{"alg":"none","alg":"EdDSA","kid":"ed","typ":"launch+jwt"}', claims())],
  ['a member twice, once escaped', 'header', () => assemble(ed, '{"\\u0061lg":"none","alg":"EdDSA","kid":"ed"}', claims())],
  ['a list', 'header', () => assemble(ed, [headerOf(ed)], claims())],
  ['a huge one', 'shape', () => header({ kid: 'k'.repeat(600) })],
  ['a token of 5,000 characters', 'shape', () => sign(ed, claims({ extra: 'x'.repeat(4000) }))],
  ['no kid', 'header', () => assemble(ed, { alg: 'EdDSA', typ: 'launch+jwt' }, claims())],
  ['kid as a number', 'kid', () => header({ kid: 7 })],
  ['an empty kid', 'kid', () => header({ kid: '' })],
  ['a kid with a blank', 'kid', () => header({ kid: 'ed ' })],
  ['a kid in other letters', 'key_unknown', () => header({ kid: 'ED' })],
  ['a kid that looks alike', 'kid', () => header({ kid: '\u0435d' })],
  ...['../../../../dev/null', '/etc/passwd', "ed' or '1'='1", 'ed%00', '*', 'ed;drop', '${ed}', 'https://evil.example/k'].map((kid) =>
    [`kid ${kid}`, /^[!-~]+$/.test(kid) ? 'key_unknown' : 'kid', () => header({ kid })]),
  ['another store\'s kid', 'key_unknown', () => sign(foreign, claims())],
  ['another store\'s key under our kid', 'signature', () => assemble(foreign, headerOf(ed), claims())],
  ['the id of a launch key that has a kid', 'key_unknown', () => header({ kid: ed.id })],
]);

const halves = (token) => { const parts = token.split('.'); return [`${parts[0]}.${parts[1]}`, parts[2]]; };
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const number = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
const thirtyTwo = (value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const esWith = async (change) => { const [text, sig] = halves(await sign(es, claims())); return `${text}.${change(Buffer.from(sig, 'base64url')).toString('base64url')}`; };
const mangled = async (change, signer = ed) => { const [text, sig] = halves(await sign(signer, claims())); return change(text, sig); };
each('SSO-1 a signature that is none', [
  ...[ed, es, rs, hs].flatMap((signer) => [
    [`${signer.algorithm}: left out with its dot`, 'shape', () => stripped(signer)],
    [`${signer.algorithm}: empty`, 'shape', async () => `${await stripped(signer)}.`],
    [`${signer.algorithm}: cut short`, 'signature', () => mangled((text, sig) => `${text}.${Buffer.from(sig, 'base64url').subarray(0, -1).toString('base64url')}`, signer)],
    [`${signer.algorithm}: a byte more`, 'signature', () => mangled((text, sig) => `${text}.${Buffer.concat([Buffer.from(sig, 'base64url'), Buffer.from([0])]).toString('base64url')}`, signer)],
    [`${signer.algorithm}: twice`, 'shape', () => mangled((text, sig) => `${text}.${sig}.${sig}`, signer)],
    [`${signer.algorithm}: doubled`, 'signature', () => mangled((text, sig) => `${text}.${Buffer.concat([Buffer.from(sig, 'base64url'), Buffer.from(sig, 'base64url')]).toString('base64url')}`, signer)],
    [`${signer.algorithm}: of another token`, 'signature', () => mangled(async (text) => `${text}.${halves(await sign(signer, claims()))[1]}`, signer)],
    [`${signer.algorithm}: all zero`, 'signature', () => mangled((text, sig) => `${text}.${Buffer.alloc(Buffer.from(sig, 'base64url').length).toString('base64url')}`, signer)],
    [`${signer.algorithm}: of claims that were changed`, 'signature', () => mangled((text, sig) => `${text.split('.')[0]}.${encode(claims({ role: 'owner' }))}.${sig}`, signer)],
  ]),
  ['ES256 in DER', 'signature', () => assemble(es, headerOf(es), claims(), { algorithm: 'ES256 in DER' })],
  ['ES256 with r = 0', 'signature', () => esWith((sig) => Buffer.concat([Buffer.alloc(32), sig.subarray(32)]))],
  ['ES256 with s = n', 'signature', () => esWith((sig) => Buffer.concat([sig.subarray(0, 32), thirtyTwo(N)]))],
  ['ES256 with r + n', 'signature', () => esWith((sig) => Buffer.concat([thirtyTwo((number(sig.subarray(0, 32)) + N) % (1n << 256n)), sig.subarray(32)]))],
  ['padded', 'shape', () => mangled((text, sig) => `${text}.${sig}==`)],
  ['in the other base64', 'shape', () => mangled((text) => `${text}.${signature(text, ed.key, 'EdDSA').toString('base64').replace(/=+$/, '').replace(/[A-Za-z0-9]/, '+')}`)],
  ['with a last character that hides bits', 'shape', () => mangled((text, sig) => `${text}.${sig.slice(0, -1)}${String.fromCharCode(sig.charCodeAt(sig.length - 1) + 1)}`)],
  ['a blank before', 'header', async () => ` ${await sign(ed, claims())}`],
  ['a blank behind', 'shape', async () => `${await sign(ed, claims())} `],
  ['a line end behind', 'shape', async () => `${await sign(ed, claims())}\n`],
  ['a dot before', 'shape', async () => `.${await sign(ed, claims())}`],
  ['a dot behind', 'shape', async () => `${await sign(ed, claims())}.`],
  ['padding behind the header', 'header', () => mangled((text, sig) => `${text.replace('.', '=.')}.${sig}`)],
  ['JSON serialisation', 'shape', async () => JSON.stringify(await new FlattenedSign(Buffer.from(JSON.stringify(claims()))).setProtectedHeader(headerOf(ed)).sign(ed.key))],
  ['a JWE', 'shape', () => new CompactEncrypt(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(crypto.randomBytes(32))],
  ['a JWE around a good token', 'shape', async () => new CompactEncrypt(Buffer.from(await sign(hs, claims()))).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128GCM', cty: 'JWT' }).encrypt(rs.publicKey)],
  ['nothing', 'shape', () => ''],
  ['words', 'shape', () => 'let me in'],
]);

describe('SSO-2 a token that was good once', () => {
  test('an ECDSA signature turned over is the same token: it opens nothing that was open', async () => {
    const token = await sign(es, claims());
    await accepted(token);
    const [text, sig] = halves(token);
    const bytes = Buffer.from(sig, 'base64url');
    const other = `${text}.${Buffer.concat([bytes.subarray(0, 32), thirtyTwo(N - number(bytes.subarray(32)))]).toString('base64url')}`;
    await refused('jti_spent', { token: other });
  });

  test('the same jti again, under another key, for another person', async () => {
    const jti = crypto.randomUUID();
    await accepted(await sign(ed, claims({ jti })));
    await refused('jti_spent', { token: await sign(rs, claims({ jti })) });
  });

  test('10,000 replays over both workers at once: one session', async () => {
    const before = await sessions();
    const token = await sign(ed, claims());
    const started = seconds();
    let [good, bad, busy, left] = [0, 0, 0, 10000];
    await Promise.all(Array.from({ length: 200 }, async () => {
      while (left-- > 0) {
        const { status, headers } = await post({ token });
        if (status === 503) busy++;
        else if (headers.location === '/') good++;
        else bad++;
      }
    }));
    assert.deepEqual([good, bad + busy], [1, 9999]);
    assert.ok(bad > 5000 || busy > 0, `${bad} refused, ${busy} turned away`);
    assert.equal(await sessions(), before + 1);
    console.log(`# 10,000 replays in ${seconds() - started} s: ${good} accepted, ${bad} refused, ${busy} turned away`);
  });
});

describe('SSO-1 a key that is no more', () => {
  test('revoked', async () => {
    const signer = await newSigner(platform, store.tenant, 'ES256', 'gone');
    await accepted(await sign(signer, claims()));
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/launch-keys/${signer.id}`), 204);
    await refused('key_ended', { token: await sign(signer, claims()) });
  });

  test('rotated: both answer during the grace, the old one not after it', async () => {
    const signer = await newSigner(platform, store.tenant, 'EdDSA', 'old');
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
    const made = expect(await platform.call('POST', `/v1/tenants/${store.tenant.id}/launch-keys/${signer.id}/rotate`,
      { json: { algorithm: 'EdDSA', grace_seconds: 60, jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'new' } } }), 201);
    const next = { algorithm: 'EdDSA', kid: 'new', key: privateKey };
    await accepted(await sign(signer, claims()));
    await accepted(await sign(next, claims()));
    await db.rows(`update app.launch_keys set expires_at = now() where app.typeid('launch_key', launch_key_id) = $1`, signer.id);
    await refused('key_ended', { token: await sign(signer, claims()) });
    await accepted(await sign(next, claims()));
    expect(await platform.call('DELETE', `/v1/tenants/${store.tenant.id}/launch-keys/${made.id}`), 204);
  });
});

describe('SSO-3 another place', () => {
  test('at another store\'s host', async () => {
    await refused('key_unknown', { token: await sign(ed, claims()) }, { at: other });
    await refused('iss', { token: await sign(foreign, claims({ aud: originOf(other) })) }, { at: other });
  });

  test('twice in one form, beside a ticket, under another name, in the query', async () => {
    const token = await sign(ed, claims());
    const { ticket } = await store.ticket();
    await refused('form', `token=${token}&token=${token}`);
    await refused('form', `token=${token}&ticket=${ticket}`);
    await refused('form', { jwt: token });
    await refused('form', '');
    const query = await post('', { fresh: true });
    assert.equal(query.headers.location, '/?problem=launch_expired');
    assert.notEqual((await new Panel(stack, store.tenant.slug).call('GET', `/launch?token=${token}`, { unchecked: true })).status, 303);
    await accepted(token);
  });

  test('of a suspended store, of a locked or removed person', async () => {
    const ann = claims();
    await accepted(await sign(ed, ann));
    await db.rows(`update app.users set locked_at = now(), lock_reason = 'left' where external_id = $1`, ann.sub);
    await refused('user_locked', { token: await sign(ed, claims({ sub: ann.sub })) });
    await db.rows(`update app.users set locked_at = null, lock_reason = null, removed_at = now() where external_id = $1`, ann.sub);
    await refused('not_found', { token: await sign(ed, claims({ sub: ann.sub })) });
    const shut = await platform.store();
    const signer = await newSigner(platform, shut.tenant, 'EdDSA', 'ed');
    expect(await platform.suspend(shut.tenant), 200);
    // the whole host says so, whatever is posted to it: a good token, a bad one, a ticket
    for (const body of [{ token: await sign(signer, claimsOf(shut, originOf(shut))) }, { token: 'x' }, { ticket: 'A'.repeat(43) }]) {
      const answer = await post(body, { at: shut });
      assert.deepEqual([answer.status, answer.json?.code], body.token === 'x' ? [303, undefined] : [403, 'tenant_suspended'], JSON.stringify(body).slice(0, 20));
    }
    assert.equal(await sessions(shut), 0);
  });
});

// Where a browser might be led: schemes, hosts and paths, each as it is, encoded, doubled, with what parsers skip.
function* redirects() {
  const hosts = ['evil.example', 'shop.example@evil.example', 'shop.example.evil.example', 'evil.example#shop.example', 'evil.example?shop.example', '[::1]', '2130706433', '0x7f.1', 'shop.example%00.evil.example',
    'shop.example%2f@evil.example', 'еvil.example', 'shop.example\\@evil.example', 'shop.example:80@evil.example'];
  const before = ['//', '///', '////', '/\\', '\\\\', '\\/', '/\t/', '/\n/', '/%2f', '/%5c', '%2f%2f', '/.//', '/..//', '/%09/', '/%0a/', '/;/', 'http:', 'http://', 'http:/', 'http:\\\\', 'HTTP://', 'https:evil',
    'ftp://', 'javascript://', 'data://', ' //', '\t//', '\u0000//', '\u2028//', '/\u00ad/', '/\u200b/', '\uff0f\uff0f', '//%2f'];
  for (const start of before) for (const host of hosts) yield `${start}${host}`;
  for (const script of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\nscript:alert(1)', 'java\tscript:alert(1)', ' javascript:alert(1)', 'javascript&colon;alert(1)', 'vbscript:x', 'data:text/html,x',
    'data:text/html;base64,PHNjcmlwdD4=', 'blob:https://shop.example/x', 'file:///etc/passwd', 'about:blank', 'view-source:https://shop.example', 'mailto:x@y', 'tel:1'])
    for (const end of ['', '//', '#', '?', '/profile']) yield `${script}${end}`;
  for (const path of ['/profile/..', '/profile/../..', '/./profile', '/profile//', '/profile?x', '/profile#x', '/Profile', '/profile/', '/api/session', '/launch', '/profile%2fphone', '/profile\\phone', 'profile', '.', '..', '~', '*'])
    for (const end of ['', '//evil.example', '@evil.example']) if (path + end) yield `${path}${end}`;
}

describe('SSO-5 where a token leads', () => {
  const payloads = [...redirects()];

  test(`${payloads.length} destinations that are none`, async () => {
    assert.ok(payloads.length >= 500, String(payloads.length));
    for (const destination of payloads) {
      const answer = await post({ token: await sign(ed, claims({ destination })) });
      assert.deepEqual([answer.headers.location, answer.setCookies.length], ['/?problem=launch_expired', 0], JSON.stringify(destination));
    }
  });

  test(`${payloads.length} return_urls that lead elsewhere`, async () => {
    for (const return_url of payloads) {
      const answer = await post({ token: await sign(ed, claims({ return_url })) });
      assert.deepEqual([answer.headers.location, answer.setCookies.length], ['/?problem=launch_expired', 0], JSON.stringify(return_url));
    }
    await refused('return_url', { token: await sign(ed, claims({ return_url: 'https://unregistered.example/' })) });
  });
});
