// The requests that the load driver sends, as bytes, with the headers that a browser and the edge would send.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { typeid } from './people.mjs';

export const PLATFORM_KEY = `tgp_live_${'a'.repeat(43)}`;
export const platformKeyHash = () => createHash('sha256').update(PLATFORM_KEY).digest();

export class Requests {
  constructor(people, dir, edgePort) {
    Object.assign(this, { people, dir, edgePort });
  }

  // A file for the driver: one request for each of these users.
  file(name, users, make) {
    const path = `${this.dir}/${name}.requests`;
    writeFileSync(path, users.map((n) => `${make(this.people.user(n))}\0`).join(''));
    return path;
  }

  text(name, ...requests) {
    const path = `${this.dir}/${name}.requests`;
    writeFileSync(path, requests.map((request) => `${request}\0`).join(''));
    return path;
  }

  sessionRead = (u) => this.#panel(u, 'GET', '/api/session');
  forward = (u) => this.#panel(u, 'GET', '/auth/forward');
  start = (u) => this.#panel(u, 'POST', '/api/second-step/send-code', '{}');
  verify = (u, code = u.code) => this.#panel(u, 'POST', '/api/second-step/verify', JSON.stringify({ code, challenge: typeid('challenge', u.challenge) }));
  time = (u) => this.#panel(u, 'GET', '/api/time');

  tenantList = () => this.#platform('/v1/tenants?limit=200');

  // A list as the platform asks for it, or as user u in the panel.
  list = (u, path) => (path.startsWith('/v1/') ? this.#platform(path) : this.#panel(u, 'GET', path));

  #platform = (path) =>
    [`GET ${path} HTTP/1.1`, `Host: api.tillgate.localhost:${this.edgePort}`, `Authorization: Bearer ${PLATFORM_KEY}`,
      'X-Real-IP: 10.255.0.1', '', ''].join('\r\n');

  #panel(u, method, path, body) {
    const host = `${u.slug}.panel.localhost:${this.edgePort}`;
    const head = [
      `${method} ${path} HTTP/1.1`, `Host: ${host}`, `X-Real-IP: ${u.address}`,
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      'Accept: application/json', 'Sec-Fetch-Site: same-origin', 'X-Requested-By: tillgate-panel',
      `Cookie: __Host-sid=${u.cookie.toString('base64url')}`,
    ];
    if (method !== 'GET') head.push(`Origin: http://${host}`);
    if (body) head.push('Content-Type: application/json', `Content-Length: ${body.length}`);
    return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`;
  }
}
