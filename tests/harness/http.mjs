// One HTTP request to 127.0.0.1 with the Host that the test wants; the answer whole, with headers as they came.
import http from 'node:http';
import https from 'node:https';

const KEEP = new http.Agent({ keepAlive: true, maxSockets: 256, timeout: 5000 }); // idle ones go before the server closes them at 10 s

export class Answer {
  constructor(status, rawHeaders, body) {
    this.status = status;
    this.rawHeaders = rawHeaders;
    this.headers = {};
    this.setCookies = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i].toLowerCase();
      if (name === 'set-cookie') this.setCookies.push(rawHeaders[i + 1]);
      this.headers[name] = name in this.headers ? `${this.headers[name]}, ${rawHeaders[i + 1]}` : rawHeaders[i + 1];
    }
    this.body = body;
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return this.text === '' ? undefined : JSON.parse(this.text);
  }

  get mediaType() {
    return (this.headers['content-type'] ?? '').split(';')[0].trim();
  }
}

// fresh: a connection of its own, closed afterwards: for tests in which connections die.
export function send({ port, method = 'GET', host, path = '/', headers = {}, body, fresh = false, tls = false, timeout = 60_000 }) {
  return new Promise((resolve, reject) => {
    const all = { host, ...headers };
    if (fresh) all.connection = 'close';
    if (body !== undefined) all['content-length'] ??= Buffer.byteLength(body);
    const options = { host: '127.0.0.1', port, method, path, headers: all, setHost: false, agent: fresh ? false : KEEP };
    const call = tls
      ? https.request({ ...options, agent: false, rejectUnauthorized: false, servername: host.split(':')[0] })
      : http.request(options);
    call.setTimeout(timeout, () => call.destroy(new Error(`no answer to ${method} ${path} within ${timeout} ms`)));
    call.once('error', reject);
    call.once('response', (message) => {
      const chunks = [];
      message.on('data', (chunk) => chunks.push(chunk));
      message.once('error', reject);
      message.once('end', () => resolve(new Answer(message.statusCode, message.rawHeaders, Buffer.concat(chunks))));
    });
    call.end(body);
  });
}
