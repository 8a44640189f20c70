// The two small servers that stand beside Prism; stack.mjs says why.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const listen = (server, port) => new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => resolve(() => close(server)));
});

const close = (server) => new Promise((resolve) => {
  server.close(resolve);
  server.closeAllConnections();
});

// Between Prism and the server: gives the server the Host in x-test-host, and keeps each answer as it came under x-test-id, to be fetched
// once by GET /kept/ID.
export function startRelay(port, serverPort) {
  const kept = new Map();
  return listen(http.createServer((request, response) => {
    const [, place, id] = request.url.split('/');
    if (place === 'kept') {
      response.end(JSON.stringify(kept.get(id) ?? null));
      kept.delete(id);
      return;
    }
    passOn(request, response, serverPort, kept);
  }), port);
}

const HOP = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'accept-encoding', 'x-test-host', 'x-test-id']);

async function passOn(request, response, serverPort, kept) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !HOP.has(name)));
  headers.host = request.headers['x-test-host'];
  if (body.length > 0 || !['GET', 'DELETE'].includes(request.method)) headers['content-length'] = body.length;
  const call = http.request({ host: '127.0.0.1', port: serverPort, method: request.method, path: request.url, headers, setHost: false });
  call.once('error', (error) => response.destroy(error));
  call.once('response', async (answer) => {
    const parts = [];
    for await (const part of answer) parts.push(part);
    const text = Buffer.concat(parts);
    kept.set(request.headers['x-test-id'], { status: answer.statusCode, rawHeaders: answer.rawHeaders, body: text.toString('base64') });
    response.writeHead(answer.statusCode, answer.headers);
    response.end(text);
  });
  call.end(body);
}

// Between the server, which insists on https, and Prism, which has none.
export function startTlsFront(port, tls, upstream) {
  const options = { cert: fs.readFileSync(`${tls}/leaf.pem`), key: fs.readFileSync(`${tls}/leaf.key`) };
  return listen(https.createServer(options, (request, response) => {
    const call = http.request({ host: '127.0.0.1', port: upstream, method: request.method, path: request.url, headers: request.headers });
    call.once('error', () => response.destroy());
    call.once('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(call);
  }), port);
}
