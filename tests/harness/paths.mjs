// Where things are.
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const TESTS = `${ROOT}/tests`;

// A program of the locked npm packages.
export function npmBin(name) {
  return `${TESTS}/node_modules/.bin/${name}`;
}
