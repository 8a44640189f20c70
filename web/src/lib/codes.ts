/** What a user may type where a code is asked for: six digits, or a backup code of ten characters. */

/** As the server wants it: no spaces, capitals, a backup code with its hyphen. */
export function normaliseCode(typed: string): string {
  const bare = typed.replace(/[\s\u2010-\u2015-]/g, '').toUpperCase();
  return bare.length === 10 ? `${bare.slice(0, 5)}-${bare.slice(5)}` : bare;
}

export const isSixDigits = (code: string) => /^\d{6}$/.test(code);

/** Six digits, or a backup code: anything else cannot be right, and is not worth one of the tries. */
export const isCode = (code: string) => isSixDigits(code) || /^[A-Z0-9]{5}-[A-Z0-9]{5}$/.test(code);

/** A key in groups of four, easier to read and to type. */
export const grouped = (secret: string) => secret.replace(/(.{4})(?=.)/g, '$1 ');

/** The backup codes as a file to keep. */
export function codesFile(title: string, lines: string[], codes: string[]): string {
  return [title, ...lines, '', ...codes, ''].join('\r\n');
}
