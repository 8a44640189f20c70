// What every answer of the server carries (security.md, part f), whatever it answers.
import assert from 'node:assert/strict';

export const ALWAYS = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
};

const NEVER = ['server', 'x-powered-by', 'access-control-allow-origin', 'access-control-allow-credentials'];

export function checkCommon(where, answer) {
  assert.match(answer.headers['x-request-id'] ?? '', /^request_[0-7][0-9a-hjkmnp-tv-z]{25}$/, `${where}: X-Request-Id`);
  if (answer.status < 500) assert.notEqual(answer.headers['cache-control'], undefined, `${where}: no Cache-Control`);
  for (const name of NEVER) assert.ok(!(name in answer.headers) || isEdge(name, answer), `${where}: has ${name}: ${answer.headers[name]}`);
  for (const [name, count] of Object.entries(countNames(answer))) {
    assert.ok(count === 1 || name === 'set-cookie', `${where}: ${count} times ${name}`);
  }
}

// nginx names itself, without a version.
function isEdge(name, answer) {
  return name === 'server' && answer.headers.server === 'nginx';
}

function countNames(answer) {
  const counts = {};
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i].toLowerCase();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

// The whole set, for the snapshot over all routes and error pages.
export function checkSecurityHeaders(where, answer, { panel, asset = false }) {
  for (const [name, value] of Object.entries(ALWAYS)) assert.equal(answer.headers[name], value, `${where}: ${name}`);
  checkPolicy(where, answer.headers['content-security-policy'] ?? '', panel);
  if (!asset || answer.status >= 400) assert.equal(answer.headers['cache-control'], 'no-store', `${where}: Cache-Control`);
}

function checkPolicy(where, policy, panel) {
  const parts = Object.fromEntries(policy.split(';').map((part) => part.trim()).filter(Boolean).map((part) => {
    const [name, ...values] = part.split(' ');
    return [name, values.join(' ')];
  }));
  assert.equal(parts['default-src'], "'none'", `${where}: ${policy}`);
  assert.equal(parts['base-uri'], "'none'", `${where}: ${policy}`);
  assert.equal(parts['frame-ancestors'], "'none'", `${where}: ${policy}`);
  assert.ok(!/unsafe|\*|https?:|(?<!img-src 'self' )data:/.test(policy), `${where}: too wide: ${policy}`);
  if (!panel) return;
  for (const name of ['script-src', 'style-src', 'connect-src', 'form-action']) assert.equal(parts[name], "'self'", `${where}: ${name}`);
  assert.equal(parts['require-trusted-types-for'], "'script'", `${where}: ${policy}`);
}
