// What a team would write instead, at its best: node:http and pg, one worker per core, one prepared statement per request, the same SQL
// functions. No validation, no logging, no CSRF fences: it does less than the product.
//
//   node node_pg.mjs PORT SOCKET PGPORT ROOT_KEY_HEX
import cluster from 'node:cluster';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import pg from 'pg';
import { People } from './people.mjs';

const [port, socket, pgPort, rootKey] = process.argv.slice(2);
const POOL = 8; // connections of each worker: more was slower

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  serve();
}

function serve() {
  const keys = new People(Buffer.from(rootKey, 'hex'), 1);
  const pool = new pg.Pool({ host: socket, port: Number(pgPort), user: 'tillgate_server', database: 'tillgate', max: POOL });
  const routes = { '/api/session': read, '/api/second-step/send-code': start, '/api/second-step/verify': verify };

  createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response));
  }).listen(Number(port), '127.0.0.1');

  async function answer(request, body, response) {
    try {
      const row = await routes[request.url](caller(request), body);
      const code = row.entered ?? row.code;
      response.writeHead(code ? 422 : row.status, { 'content-type': 'application/json' });
      response.end(code ? JSON.stringify({ code }) : row.body);
    } catch (error) {
      response.writeHead(500).end(error.message);
    }
  }

  function caller(request) {
    const bytes = Buffer.from(/__Host-sid=([^;]+)/.exec(request.headers.cookie)[1], 'base64url');
    return {
      tenant: bytes.subarray(0, 16), user: bytes.subarray(16, 32),
      enter: [bytes.subarray(0, 16).toString('hex'), bytes.subarray(16, 32).toString('hex'), createHash('sha256').update(bytes).digest(),
        request.headers.host.split('.')[0], uuid7().toString('hex'), request.headers['x-real-ip']],
    };
  }

  // As in the ceilings: one statement, the call bound to enter's row.
  async function call(name, args, { enter }, values) {
    const text = `select e.code as entered, c.status, c.code, c.body::text as body
      from api.enter_session($1::uuid, $2::uuid, $3::bytea, $4, 'launched', $5::uuid, $6) e, lateral api.${name}(${args}) c`;
    return (await pool.query({ name, text, values: [...enter, ...values] })).rows[0];
  }

  function read(who) {
    return call('session_read', 'case when e.code is null then null::bytea end', who, []);
  }

  function start(who) {
    const [challenge, send] = [uuid7(), uuid7()];
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    return call('second_step_send_code', '$7::uuid, $8::uuid, $9::bytea, $10::bytea, case when e.code is null then 1 end', who,
      [challenge.toString('hex'), send.toString('hex'), keys.codeMac(who.tenant, challenge, who.user, code),
        keys.seal(who.tenant, 'challenges.code', challenge, code)]);
  }

  function verify(who, body) {
    const { code, challenge } = JSON.parse(body);
    const id = fromTypeid(challenge);
    return call('second_step_verify',
      "$7::uuid, $8::bytea, null, null, null, true, $9::uuid, $10::bytea, null::uuid, null::bytea, case when e.code is null then 'node' end", who,
      [id.toString('hex'), keys.codeMac(who.tenant, id, who.user, code), uuid7().toString('hex'), randomBytes(32)]);
  }
}

function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes;
}

function fromTypeid(text) {
  let value = 0n;
  for (const letter of text.split('_')[1]) value = (value << 5n) | BigInt('0123456789abcdefghjkmnpqrstvwxyz'.indexOf(letter));
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
}
