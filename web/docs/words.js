/** Text to HTML: what stands between tags, the little Markdown of descriptions, JSON in colours. */

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign]);

/** `code` and nothing else. */
export const inline = (text) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** Paragraphs and lists, set apart by empty lines; a line of a list that is too long goes on indented. */
export function markdown(text) {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((block) => (block.startsWith('- ') ? list(block) : `<p>${inline(block.replaceAll('\n', ' '))}</p>`))
    .join('\n');
}

function list(block) {
  const items = block.slice(2).split(/\n- /);
  return `<ul>${items.map((item) => `<li>${inline(item.replace(/\s*\n\s*/g, ' '))}</li>`).join('')}</ul>`;
}

/** Short values stay on one line, as people would write them. */
export function json(value) {
  return pretty(value, '').replace(
    /("(?:[^"\\]|\\.)*")(: )?|\b(-?\d[\d.e+-]*|true|false|null)\b/g,
    (_, text, colon, other) => {
      if (other) return `<span class="literal">${other}</span>`;
      return colon ? `<span class="key">${escape(text)}</span>${colon}` : `<span class="string">${escape(text)}</span>`;
    },
  );
}

const WIDTH = 54;

function pretty(value, indent) {
  const flat = oneLine(value);
  if (value === null || typeof value !== 'object' || indent.length + flat.length <= WIDTH) return flat;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const lines = Object.entries(value).map(([key, one]) => {
    const name = Array.isArray(value) ? '' : `${JSON.stringify(key)}: `;
    return `${deeper}${name}${pretty(one, deeper)}`;
  });
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function oneLine(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${oneLine(one)}`);
  return members.length > 0 ? `{${members.join(', ')}}` : '{}';
}
