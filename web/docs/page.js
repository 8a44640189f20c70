/** The page: one document, no script, every operation with its own anchor. */
import { document, tags, problems, refusals, fieldsOf, describe, examplesOf } from './model.js';
import { escape, inline, markdown, json } from './words.js';

/** Which host answers, and who asks, by level. */
const ASKED_BY = {
  platform: ['api', 'A platform key'],
  tenant: ['api', 'A key of the store'],
  public: ['api', 'Anybody'],
  host: ['panel', "A browser, from the store's page"],
  launched: ['panel', 'A session'],
  set_up: ['panel', 'A session without a method yet, or a fresh one'],
  signed_in: ['panel', 'A session whose second step is done'],
  fresh: ['panel', 'A fresh session: the second step at most 15 minutes old'],
  callback: ['hooks', 'Twilio, with its signature'],
};
const PANEL = 'acme-toys.panel.tillgate.example';
const STATUS = { 200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 303: 'See Other', 401: 'Unauthorized' };

const hostOf = (one) => (one.path.startsWith('/v1/') ? 'api' : (ASKED_BY[one.level]?.[0] ?? 'panel'));
const titled = (tag) => (tag.title ?? tag.name.charAt(0).toUpperCase() + tag.name.slice(1)).replaceAll('-', ' ');

export function page(style, icon) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API reference · Tillgate</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escape(document.info.summary)}">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${style}">
<link rel="icon" href="${icon}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="home" href="#content"><img src="${icon}" width="28" height="28" alt=""> Tillgate</a>
<p>API ${escape(document.info.version)} · <a href="#contents">Contents</a></p>
</header>
<div class="frame">
<main id="content">
${introduction()}
${tags.map(section).join('\n')}
${catalogue()}
</main>
<nav id="contents" aria-label="Contents" tabindex="-1">${contents()}</nav>
</div>
</body>
</html>
`;
}

// ---- contents

function contents() {
  const link = (to, text) => `<li><a href="#${to}">${text}</a></li>`;
  const groups = tags.map(
    (tag) =>
      `<h2><a href="#${tag.name}">${escape(titled(tag))}</a></h2><ul>${tag.operations.map((one) => link(one.id, escape(one.summary))).join('')}</ul>`,
  );
  return `<h2><a href="#content">Beginning</a></h2><ul>${link('start', 'Five calls to a launched user')}${link('conventions', 'Conventions')}${link('keys-and-sessions', 'Keys and sessions')}${link('problems', 'Problems')}</ul>
${groups.join('\n')}`;
}

// ---- introduction

function introduction() {
  const [first, ...rest] = document.info.description.trim().split(/\n\s*\n/);
  return `<section class="intro">
<h1>${escape(document.info.title)} API</h1>
<p class="lead">${inline(document.info.summary)}</p>
<p>${inline(first.replaceAll('\n', ' '))}</p>
<p>This page is made from <a href="/v1/openapi.yaml">the OpenAPI 3.1 description</a>, which the tests hold every answer of the server to.</p>
</section>
<section id="start">
<h2>Five calls to a launched user</h2>
<div class="split"><div class="prose">
<p>From an empty platform to somebody who stands in the panel. The store's page makes the fourth call with a form, so that the browser itself gets the session.</p>
</div><div class="samples">${sample('From nothing to a session', escape(START))}</div></div>
</section>
<section id="conventions">
<h2>Conventions</h2>
${markdown(rest.slice(1).join('\n\n'))}
</section>
<section id="keys-and-sessions">
<h2>Keys and sessions</h2>
<dl class="schemes">${Object.entries(document.components.securitySchemes).map(scheme).join('')}</dl>
</section>`;
}

const START = `API=https://api.tillgate.example/v1

# 1. a store
curl $API/tenants -H "Authorization: Bearer $PLATFORM_KEY" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  --json '{"slug": "corner-shop", "name": "Corner Shop", "country": "US"}'

# 2. a key for its backend: "secret" is shown once
curl $API/tenants/$TENANT/keys -H "Authorization: Bearer $PLATFORM_KEY" \\
  -H "Idempotency-Key: $(uuidgen)" --json '{"name": "backend"}'

# 3. a launch, asked for by the store: "ticket" and "post_to"
curl $API/launches -H "Authorization: Bearer $STORE_KEY" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  --json '{"user": {"external_id": "42", "name": "Ann", "role": "owner"}}'

# 4. the form that the store's page posts: 303 and a cookie
curl -c cookies $POST_TO -d ticket=$TICKET

# 5. what the panel sees
curl -b cookies \${POST_TO%/launch}/api/session`;

function scheme([name, one]) {
  return `<div><dt><code>${escape(name)}</code></dt><dd>${inline(one.description)}</dd></div>`;
}

// ---- operations

function section(tag) {
  return `<section id="${tag.name}" class="tag">
<h2>${escape(titled(tag))}</h2>
<p>${inline(tag.description)}</p>
${tag.operations.map(operation).join('\n')}
</section>`;
}

function operation(one) {
  return `<article id="${one.id}" aria-labelledby="${one.id}-title">
<div class="split"><div class="prose">
<h3 id="${one.id}-title"><a href="#${one.id}">${escape(one.summary)}</a></h3>
<p class="route"><span class="method ${one.method.toLowerCase()}">${one.method}</span> <code>${path(one)}</code></p>
${markdown(one.description)}
<p class="who">${whoMay(one)}</p>
${parameters(one)}
${body(one)}
${answers(one)}
${refused(one)}
</div><div class="samples">
${samples(one)}
</div></div>
</article>`;
}

const path = (one) => escape(one.path).replace(/\{[^}]+\}/g, (name) => `<var>${name}</var>`);

function whoMay(one) {
  const scope = one.scope ? `, with the scope <code>${escape(one.scope)}</code>` : '';
  return `Asked by: ${escape(ASKED_BY[one.level]?.[1] ?? one.level)}${scope}. Operation <code>${one.id}</code>.`;
}

function parameters(one) {
  if (one.parameters.length === 0) return '';
  const fields = one.parameters.map((parameter) => {
    const { text, ...rest } = describe({ ...parameter.schema, description: undefined });
    const more = [parameter.description, text].filter(Boolean).join(' ');
    return { ...rest, text: more, name: parameter.name, required: parameter.required, place: parameter.in, fields: [] };
  });
  return `<h4>Parameters</h4>${fieldList(fields)}`;
}

function body(one) {
  const [media, content] = Object.entries(one.body?.content ?? {})[0] ?? [];
  if (!content) return '';
  const fields = fieldsOf(content.schema);
  if (fields.length === 0) return '';
  const optional = one.body.required ? '' : ', which may be left out';
  return `<h4>Body <small><code>${media}</code>${optional}</small></h4>${fieldList(fields)}`;
}

function fieldList(fields) {
  return `<ul class="fields">${fields.map(field).join('')}</ul>`;
}

function field({ name, type, required, text, limits, place, fields }) {
  const facts = [type, place && place !== 'path' ? `in ${place}` : '', ...limits.map(inline)].filter(Boolean);
  return `<li><p><code class="name">${escape(name)}</code> ${required ? '<strong>required</strong> ' : ''}<span class="facts">${facts.join(' · ')}</span></p>${
    text ? `<p>${inline(text)}</p>` : ''
  }${fields.length > 0 ? fieldList(fields) : ''}</li>`;
}

function answers(one) {
  return one.answers
    .filter(({ status }) => status < 400)
    .map(answer)
    .join('\n');
}

function answer({ status, description, headers = {}, content }) {
  const fields = Object.values(content ?? {}).flatMap(({ schema }) => fieldsOf(schema));
  const names = Object.keys(headers).filter((name) => name !== 'X-Request-Id');
  const told = names.length > 0 ? ` With ${names.map((name) => `<code>${name}</code>`).join(', ')}.` : '';
  return `<h4>Answer ${status}</h4><p>${inline(description)}${told}</p>${
    fields.length > 0 ? `<details><summary>Its ${fields.length} fields</summary>${fieldList(fields)}</details>` : ''
  }`;
}

function refused(one) {
  const rows = refusals(one).map(
    ({ status, code, title }) =>
      `<li><span class="status">${status}</span> <a href="#problem-${code}"><code>${code}</code></a> ${escape(title)}</li>`,
  );
  return rows.length > 0 ? `<h4>Problems</h4><ul class="refusals">${rows.join('')}</ul>` : '';
}

// ---- samples

function samples(one) {
  const media = Object.entries(one.body?.content ?? {})[0];
  const bodies = media ? examplesOf(media[1]) : [];
  const [first, ...others] = bodies.length > 0 ? bodies : [[undefined, undefined]];
  const more = others
    .filter(([, value]) => typeof value === 'object')
    .map(([name, value]) => sample(`Another body: ${name.replaceAll('_', ' ')}`, json(value)));
  return [
    sample('Request', request(one, media?.[0], first[1])),
    ...more,
    ...one.answers.filter(({ status }) => status < 400).flatMap(answerSamples),
  ].join('\n');
}

function answerSamples({ status, content }) {
  const line = `<span class="comment">HTTP/1.1 ${status} ${STATUS[status] ?? ''}</span>`;
  const [media, one] = Object.entries(content ?? {})[0] ?? [];
  if (!one) return [sample('Answer', line)];
  return examplesOf(one).map(([, value]) =>
    sample(
      'Answer',
      `${line}\n\n${media.endsWith('json') && typeof value === 'object' ? json(value) : excerpt(value)}`,
    ),
  );
}

function excerpt(value) {
  const lines = String(value).trim().split('\n');
  return escape(lines.slice(0, 12).join('\n')) + (lines.length > 12 ? '\n…' : '');
}

function sample(title, html) {
  return `<figure><figcaption>${escape(title)}</figcaption><pre><code>${html}</code></pre></figure>`;
}

function request(one, media, value) {
  return hostOf(one) === 'api' ? curl(one, value) : http(one, media, value);
}

const filled = (one) =>
  one.path.replace(/\{([^}]+)\}/g, (_, name) => one.parameters.find((p) => p.in === 'path' && p.name === name).example);

function curl(one, value) {
  const parts = [
    `curl ${one.method === 'GET' || (one.method === 'POST' && value) ? '' : `-X ${one.method} `}$API${escape(filled(one).slice(3))}`,
  ];
  if (one.level === 'platform') parts.push('-H "Authorization: Bearer $PLATFORM_KEY"');
  if (one.level === 'tenant') parts.push('-H "Authorization: Bearer $STORE_KEY"');
  for (const { name, in: place, example } of one.parameters) {
    if (place === 'header')
      parts.push(name === 'Idempotency-Key' ? `-H "${name}: $(uuidgen)"` : `-H '${name}: ${escape(example)}'`);
  }
  if (value !== undefined) parts.push(`--json '${json(value)}'`);
  return parts.join(' \\\n  ');
}

function http(one, media, value) {
  const host = hostOf(one) === 'panel' ? PANEL : 'hooks.tillgate.example';
  const form = media?.includes('form');
  const lines = [`${one.method} ${escape(filled(one))} HTTP/1.1`, `Host: ${host}`];
  if (!['public', 'host', 'callback'].includes(one.level)) lines.push('Cookie: __Host-sid=…');
  if (one.level === 'callback') lines.push('X-Twilio-Signature: …');
  for (const { name, in: place } of one.parameters) {
    if (place === 'header')
      lines.push(`${name}: ${{ Origin: `https://${PANEL}`, 'X-Requested-By': 'tillgate-panel' }[name] ?? '…'}`);
  }
  if (value !== undefined)
    lines.push(`Content-Type: ${media}`, '', form ? escape(new URLSearchParams(value)) : json(value));
  return lines.join('\n');
}

// ---- problems

function catalogue() {
  return `<section id="problems" class="tag">
<h2>Problems</h2>
<p>Every refusal is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>; <code>detail</code> says what to do next; quote <code>request_id</code> when you ask for help. These are all ${problems.length}.</p>
${problems.map(entry).join('\n')}
</section>`;
}

function entry({ problem, operations }) {
  const { code, status, title, detail } = problem;
  const at =
    operations.length === 0
      ? 'Of no operation in particular: what comes before one is chosen, or stands in an address.'
      : operations.length > 12
        ? `Answered by ${operations.length} operations.`
        : `Answered by ${operations.map((one) => `<a href="#${one.id}">${escape(one.summary)}</a>`).join(', ')}.`;
  return `<article id="problem-${code}" aria-labelledby="problem-${code}-title" class="problem">
<div class="split"><div class="prose">
<h3 id="problem-${code}-title"><a href="#problem-${code}"><span class="status">${status}</span> <code>${code}</code></a></h3>
<p><strong>${escape(title)}.</strong> ${inline(detail)}</p>
<p class="who">${at}</p>
</div><div class="samples">${sample(code, json(problem))}</div></div>
</article>`;
}
