/** What the OpenAPI file says, in the shape in which a page tells it. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export const document = load(readFileSync(new URL('../../tenants/openapi.yaml', import.meta.url), 'utf8'));

export function resolve(node) {
  while (node?.$ref)
    node = node.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  return node;
}

export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((method) => METHODS.includes(method))
    .map((method) => {
      const one = item[method];
      return {
        id: one.operationId,
        method: method.toUpperCase(),
        path,
        level: one['x-level'],
        scope: one['x-scope'],
        tag: one.tags[0],
        summary: one.summary,
        description: one.description,
        parameters: [...(item.parameters ?? []), ...(one.parameters ?? [])].map(resolve),
        body: resolve(one.requestBody),
        answers: Object.entries(one.responses).map(([status, answer]) => ({
          status: Number(status),
          ...resolve(answer),
        })),
      };
    }),
);

export const tags = document.tags
  .map((tag) => ({ ...tag, operations: operations.filter((one) => one.tag === tag.name) }))
  .filter((tag) => tag.operations.length > 0);

export const examplesOf = (media) =>
  Object.entries(media?.examples ?? {}).map(([name, one]) => [name, resolve(one).value]);

export const refusals = (one) =>
  one.answers
    .filter(({ status }) => status >= 400)
    .flatMap(({ content }) => Object.values(content).flatMap(examplesOf))
    .map(([, problem]) => problem);

/** Every problem once, by status and name, with the operations that may answer it. */
export const problems = (() => {
  const found = new Map();
  for (const one of operations)
    for (const problem of refusals(one)) {
      if (!found.has(problem.code)) found.set(problem.code, { problem, operations: [] });
      found.get(problem.code).operations.push(one);
    }
  for (const problem of document.components.schemas.Problem.examples)
    found.set(problem.code, { problem, operations: [] });
  return [...found.values()].sort(
    (a, b) => a.problem.status - b.problem.status || a.problem.code.localeCompare(b.problem.code),
  );
})();

/** The fields of an object, those of objects within them too. */
export function fieldsOf(schema) {
  const node = resolve(schema);
  if (node?.items) return fieldsOf(node.items);
  const object = (node?.oneOf ?? [node]).map(resolve).find((one) => one?.properties);
  return Object.entries(object?.properties ?? {}).map(([name, raw]) => ({
    ...describe(raw),
    name,
    required: object.required?.includes(name) ?? false,
    fields: fieldsOf(raw),
  }));
}

/** A value in words: { type, text, limits }. */
export function describe(raw) {
  const node = resolve(raw);
  const checked = raw['x-also-checked'] ?? node['x-also-checked'];
  const text = raw.description ?? node.description;
  return { type: typeOf(raw), text: [text, checked].filter(Boolean).join(' '), limits: limitsOf(node) };
}

function typeOf(raw) {
  const node = resolve(raw);
  if (node.oneOf) return [...new Set(node.oneOf.map(typeOf))].join(' or ');
  if (Array.isArray(node.type)) return node.type.join(' or ');
  if (node.type === 'array') return `array of ${typeOf(node.items)}`;
  if (node.format && node.format !== 'uri') return { 'date-time': 'time', date: 'date' }[node.format] ?? node.format;
  return node.type ?? 'any';
}

/** What bounds it, each as HTML-free words; what is to be set as code stands in back quotes. */
function limitsOf(node) {
  const parts = (node.oneOf ?? []).flatMap((one) => limitsOf(resolve(one)));
  const inner = node.items ? limitsOf(resolve(node.items)) : [];
  const range = (least, most, unit) => {
    if (least === undefined && most === undefined) return [];
    if (least === most) return [`${least}${unit}`];
    if (most === undefined) return least > 0 ? [`at least ${least}${unit}`] : [];
    return [least ? `${least} to ${most}${unit}` : `at most ${most}${unit}`];
  };
  return [
    ...parts,
    ...inner,
    ...(node.const !== undefined ? [`always \`${node.const}\``] : []),
    ...(node.enum ? [`one of ${node.enum.map((word) => `\`${word}\``).join(', ')}`] : []),
    ...range(node.minLength, node.maxLength, ' characters'),
    ...range(node.minimum, node.maximum, ''),
    ...range(node.minItems, node.maxItems, ' items'),
    ...(node.pattern && node.pattern.length < 60 && !node.pattern.includes('\\u')
      ? [`matches \`${node.pattern}\``]
      : []),
    ...(node.default !== undefined ? [`\`${node.default}\` unless given`] : []),
  ];
}
