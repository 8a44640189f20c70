// Hostile HTTP, written byte by byte: through the edge nothing of it may reach the server, and the server refuses what it can see itself.
import test, { describe } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import http2 from 'node:http2';
import fs from 'node:fs';
import { suite, Panel, send, until, expect } from '../harness/suite.mjs';
import { runToEnd } from '../harness/process.mjs';

const { stack, platform } = await suite({ edge: true });
const store = await platform.store();
const HOST = stack.hosts(store.tenant.slug).panel;

// Sends bytes, answers everything that came back until the other side closed or was silent for a while.
function raw(port, bytes, { silence = 1500, more } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    let closed = false;
    const done = () => { socket.destroy(); resolve({ text, closed, statuses: [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map((match) => Number(match[1])) }); };
    socket.setTimeout(silence, done);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.once('error', () => { closed = true; done(); });
    socket.once('end', () => { closed = true; done(); });
    socket.write(bytes);
    more?.(socket);
  });
}

const request = (lines, body = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
const get = (...lines) => request(['GET /api/time HTTP/1.1', `Host: ${HOST}`, ...lines]);
const post = (lines, body) => request(['POST /launch HTTP/1.1', `Host: ${HOST}`, 'Content-Type: application/x-www-form-urlencoded', ...lines], body);
const SMUGGLED = `GET /api/time HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

// What is sent, and whether the server itself can see that it is wrong (h2o hides some of it from handlers; that is why nginx stands in front).
const HOSTILE = {
  'Content-Length beside Transfer-Encoding': { bytes: post(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`) },
  'two Content-Lengths that differ': { bytes: post(['Content-Length: 0', `Content-Length: ${SMUGGLED.length}`], SMUGGLED) },
  'two Content-Lengths that agree': { bytes: post(['Content-Length: 8', 'Content-Length: 8'], 'ticket=x') },
  'Content-Length with a sign': { bytes: post(['Content-Length: +8'], 'ticket=x'), server: true },
  'Content-Length below zero': { bytes: post(['Content-Length: -1'], 'ticket=x'), server: true },
  'Content-Length in hexadecimal': { bytes: post(['Content-Length: 0x8'], 'ticket=x'), server: true },
  'Content-Length as a list': { bytes: post(['Content-Length: 8, 8'], 'ticket=x'), server: true },
  'Content-Length beyond all bounds': { bytes: post(['Content-Length: 99999999999999999999'], 'x'), server: true },
  'Transfer-Encoding that is not chunked': { bytes: post(['Transfer-Encoding: gzip'], SMUGGLED) },
  'Transfer-Encoding twice': { bytes: post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${SMUGGLED}`) },
  'Transfer-Encoding with a tab': { bytes: post(['Transfer-Encoding:\tchunked,identity'], `0\r\n\r\n${SMUGGLED}`) },
  'a chunk size that is no number': { bytes: post(['Transfer-Encoding: chunked'], 'zz\r\nticket=x\r\n0\r\n\r\n'), server: true },
  'a chunk size beyond all bounds': { bytes: post(['Transfer-Encoding: chunked'], 'ffffffffffffffffff\r\nx'), server: true },
  'two Hosts': { bytes: get('Host: evil.example'), server: true },
  'no Host': { bytes: request(['GET /api/time HTTP/1.1']), server: true },
  'an empty Host': { bytes: request(['GET /api/time HTTP/1.1', 'Host: ']), server: true },
  'a Host that is none': { bytes: request(['GET /api/time HTTP/1.1', 'Host: a b']), server: true },
  'an absolute target for another host': { bytes: request(['GET http://evil.example/api/time HTTP/1.1', `Host: ${HOST}`]), server: true },
  'a header that is folded': { bytes: get('X-A: b', ' c: d') },
  'a space before the colon': { bytes: get('X-A : b') },
  'a header without a name': { bytes: get(': b'), server: true },
  // nginx drops such a line instead of refusing the request; either way it reaches nobody.
  'a header without a colon': { bytes: get('nonsense'), server: true, dropped: true },
  'a NUL in a header': { bytes: get('X-A: a\0b') },
  'a NUL in the target': { bytes: request(['GET /api/time\0 HTTP/1.1', `Host: ${HOST}`]), server: true },
  'a target without a slash': { bytes: request(['GET api/time HTTP/1.1', `Host: ${HOST}`]), server: true },
  'a target with a space': { bytes: request(['GET /api/ti me HTTP/1.1', `Host: ${HOST}`]), server: true },
  'CONNECT': { bytes: request(['CONNECT evil.example:443 HTTP/1.1', `Host: ${HOST}`]), server: true },
  TRACE: { bytes: request(['TRACE / HTTP/1.1', `Host: ${HOST}`]), server: true },
  'HTTP/0.9': { bytes: Buffer.from('GET /api/time\r\n\r\n'), server: true },
  'HTTP/3.0': { bytes: request(['GET /api/time HTTP/3.0', `Host: ${HOST}`]), server: true },
  'a line that is no request': { bytes: Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), server: true },
  'the HTTP/2 preface': { bytes: Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00'), server: true },
  'a head of 70 KiB': { bytes: get(`X-A: ${'a'.repeat(70_000)}`), server: true },
  'a path of 20 KiB': { bytes: request([`GET /${'a'.repeat(20_000)} HTTP/1.1`, `Host: ${HOST}`]), server: true },
  'sixty-five headers': { bytes: get(...Array.from({ length: 80 }, (_, i) => `X-${i}: 1`)), server: true },
  'two Authorizations': { bytes: get('Authorization: Bearer a', 'Authorization: Bearer b'), server: true },
  'two Origins': { bytes: get('Origin: http://a.example', 'Origin: http://b.example'), server: true },
};

// Refused: one answer at most, and it says no; what stood behind it was never answered.
function refused({ statuses, text, closed }) {
  assert.ok(statuses.length <= 1, `${statuses.length} answers: ${text.slice(0, 600)}`);
  if (statuses.length === 0) return assert.ok(closed || text === '', `an answer without a status: ${text.slice(0, 200)}`);
  assert.ok(statuses[0] >= 400 && statuses[0] < 600, `${statuses[0]}: ${text.slice(0, 300)}`);
}

describe('INF-2 hostile framing through the edge', () => {
  for (const [what, { bytes }] of Object.entries(HOSTILE).filter(([, one]) => !one.dropped)) {
    test(what, async () => refused(await raw(stack.ports.http, bytes)));
  }
});

describe('INF-2 hostile framing at the server itself', () => {
  for (const [what, { bytes }] of Object.entries(HOSTILE).filter(([, one]) => one.server)) {
    test(what, async () => refused(await raw(stack.ports.server, bytes)));
  }

  test('it lives on after all of that', async () => {
    expect(await new Panel(stack, store.tenant.slug).call('GET', '/api/time'), 200);
  });
});

describe('INF-1 other protocols', () => {
  test('the edge upgrades nobody to HTTP/2 in the clear, and the server neither', async () => {
    const bytes = get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA');
    for (const port of [stack.ports.http, stack.ports.server]) {
      const { text, statuses } = await raw(port, bytes);
      assert.deepEqual(statuses, [200]);
      assert.ok(!/101 Switching|upgrade:/i.test(text));
    }
  });

  test('the edge speaks TLS 1.3 only', async () => {
    const connect = (options) => new Promise((resolve, reject) => {
      const socket = tls.connect({ host: '127.0.0.1', port: stack.ports.https, servername: `${store.tenant.slug}.panel.localhost`, ca: fs.readFileSync(`${stack.run}/tls/ca.pem`), ...options }, () => { resolve(socket.getProtocol()); socket.destroy(); });
      socket.once('error', reject);
    });
    assert.equal(await connect({}), 'TLSv1.3');
    await assert.rejects(connect({ maxVersion: 'TLSv1.2' }));
  });

  test('HTTP/2 at the edge carries a request, and a flood of resets stops nobody else', async () => {
    const client = http2.connect(`https://127.0.0.1:${stack.ports.https}`, { rejectUnauthorized: false, servername: `${store.tenant.slug}.panel.localhost` });
    client.on('error', () => {});
    const authority = `${store.tenant.slug}.panel.localhost:${stack.ports.https}`;
    const ask = () => client.request({ ':path': '/api/time', ':authority': authority });
    const status = await new Promise((resolve, reject) => ask().once('response', (headers) => resolve(headers[':status'])).once('error', reject).end());
    assert.equal(status, 200);
    for (let i = 0; i < 2000 && !client.destroyed; i++) {
      const stream = ask();
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    const other = await send({ port: stack.ports.http, host: HOST, path: '/api/time' });
    assert.equal(other.status, 200);
    client.destroy();
  });

  test('plain HTTP on the TLS port is refused', async () => {
    refused(await raw(stack.ports.https, get()));
  });
});

describe('INF-2 slow and many', () => {
  test('a head that never ends is cut', async () => {
    for (const port of [stack.ports.http, stack.ports.server]) {
      const { closed, statuses } = await raw(port, `GET /api/time HTTP/1.1\r\nHost: ${HOST}\r\nX-A: `, { silence: 30_000 });
      assert.ok(closed && (statuses.length === 0 || statuses[0] === 408), `${port} ${statuses}`);
    }
  });

  test('a body that drips is cut, and nobody is kept from working meanwhile', async () => {
    for (const port of [stack.ports.http, stack.ports.server]) {
      let dripping;
      const slow = raw(port, post(['Content-Length: 1000'], 'ticket='), { silence: 60_000, more: (socket) => { dripping = setInterval(() => socket.writable && socket.write('x'), 500); } });
      const other = await send({ port, host: HOST, path: '/api/time' });
      assert.equal(other.status, 200);
      const { closed, statuses } = await slow;
      clearInterval(dripping);
      assert.ok(closed && (statuses.length === 0 || statuses[0] >= 400), `${statuses}`);
    }
  });

  test('pipelined requests are answered in order, each once', async () => {
    for (const port of [stack.ports.http, stack.ports.server]) {
      const { statuses } = await raw(port, Buffer.concat(Array.from({ length: 20 }, () => get())), { silence: 3000 });
      assert.deepEqual(statuses, Array(20).fill(200));
    }
  });

  test('a client that hangs up in the middle leaves nothing behind', async () => {
    for (const bytes of [get(), post(['Content-Length: 1000'], 'ticket=x'), Buffer.from('GET /api')]) {
      await Promise.all(Array.from({ length: 20 }, () => new Promise((resolve) => {
        const socket = net.connect(stack.ports.server, '127.0.0.1', () => socket.write(bytes, () => { socket.destroy(); resolve(); }));
        socket.once('error', resolve);
      })));
    }
    await until('no request to be alive', async () => (await stack.metric('tillgate_requests_live')) === 0);
  });

  test('a thousand idle connections keep nobody out', async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => new Promise((resolve, reject) => { const socket = net.connect(stack.ports.server, '127.0.0.1', () => resolve(socket)); socket.once('error', reject); })));
    expect(await new Panel(stack, store.tenant.slug).call('GET', '/api/time', { fresh: true }), 200);
    sockets.forEach((socket) => socket.destroy());
  });
});

describe('INF-3 hosts at the edge', () => {
  for (const host of ['evil.example', '127.0.0.1', 'localhost', 'api.panel.localhost.evil', 'ab.panel.localhost', '-abc.panel.localhost', 'abc-.panel.localhost', 'a.b.panel.localhost', `${store.tenant.slug}.panel.localhost.`, 'panel.localhost']) {
    test(`${host} is not served`, async () => {
      const answer = await send({ port: stack.ports.http, host, path: '/api/time', fresh: true });
      assert.ok([400, 421].includes(answer.status), `${answer.status}`);
      assert.equal(answer.mediaType, 'application/problem+json');
    });
  }

  test('what a client says about itself does not pass', async () => {
    const browser = await store.launch();
    const headers = { 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-forwarded-host': 'evil.example' };
    await browser.call('GET', '/api/session', { port: stack.ports.http, headers });
    await stack.db.rows('delete from app.velocity');
    await browser.setUpAuthenticator();
    const { items } = expect(await browser.call('GET', '/api/sessions', { port: stack.ports.http, headers }), 200);
    assert.ok(!JSON.stringify(items).includes('203.0.113.9'));
  });

  test('each host passes its own paths only', async () => {
    const { api, hooks } = stack.hosts();
    for (const [host, path] of [[api, '/api/session'], [api, '/'], [api, '/hooks/twilio/a/b/c'], [hooks, '/v1/tenants'], [hooks, '/api/time'], [hooks, '/']]) {
      assert.equal((await send({ port: stack.ports.http, host, path })).status, 404, `${host}${path}`);
    }
  });
});

describe('INF-5 what is not for the outside', () => {
  test('health and metrics are on no public port, and listen on loopback only', async () => {
    for (const host of [HOST, stack.hosts().api, stack.hosts().hooks]) {
      for (const path of ['/metrics', '/healthz', '/readyz']) {
        for (const port of [stack.ports.http, stack.ports.server]) {
          const answer = await send({ port, host, path });
          assert.ok(!/tillgate_requests/.test(answer.text), `${host}${path}`);
        }
      }
    }
    const { out } = await runToEnd(['ss', '-Hltn', `sport = :${stack.ports.ops} or sport = :${stack.ports.server}`]);
    for (const line of out.trim().split('\n')) assert.match(line, /127\.0\.0\.1:/);
  });

  test('the ops port answers its three paths, labels nobody, and its text is Prometheus\'', async () => {
    const get_ = (path) => send({ port: stack.ports.ops, host: 'localhost', path });
    assert.equal((await get_('/healthz')).status, 200);
    assert.equal((await get_('/readyz')).status, 200);
    assert.ok((await get_('/other')).status >= 400);
    const { text, headers } = await get_('/metrics');
    assert.match(headers['content-type'], /^text\/plain/);
    for (const line of text.split('\n').filter((one) => one && !one.startsWith('#'))) assert.match(line, /^[a-z_]+(\{[^}]*\})? -?[0-9.e+]+$/, line);
    assert.ok(!/_[0-9a-hjkmnp-tv-z]{26}|\+[1-9][0-9]{9}/.test(text), 'a metric names somebody');
  });
});
