/** Fails when src/api.types.ts is not what the OpenAPI file says now. Comments do not count. */
import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { format } from 'prettier';

const root = new URL('..', import.meta.url);
const bare = (text) => format(text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''), { parser: 'typescript' });
const wanted = await bare(astToString(await openapi(new URL('../tenants/openapi.yaml', root))));
const committed = await bare(readFileSync(new URL('src/api.types.ts', root), 'utf8'));
const same = wanted === committed;
console.log(same ? 'src/api.types.ts agrees with the OpenAPI file' : 'src/api.types.ts is old: npm run types');
process.exit(same ? 0 : 1);
