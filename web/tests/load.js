/** Loads a TypeScript module of the panel the way the build does. */
import { runnerImport } from 'vite';

export const load = async (name) =>
  (await runnerImport(new URL(`../src/${name}`, import.meta.url).pathname, { configFile: false, logLevel: 'error' }))
    .module;
