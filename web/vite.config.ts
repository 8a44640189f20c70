import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Subresource integrity for the files that index.html names, once they are written as they will be served. */
function integrity(): Plugin {
  return {
    name: 'integrity',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      const page = join(dir, 'index.html');
      const html = readFileSync(page, 'utf8').replace(
        /<(?:script|link)[^>]+(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g,
        (tag, name: string) => {
          const digest = createHash('sha384')
            .update(readFileSync(join(dir, name)))
            .digest('base64');
          return `${tag} integrity="sha384-${digest}"`;
        },
      );
      writeFileSync(page, html);
    },
  };
}

export default defineConfig({
  plugins: [svelte(), integrity()],
  build: {
    target: ['chrome111', 'edge111', 'firefox114', 'safari16.4'],
    // No data: URLs and no inline script: the content security policy allows neither.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // One file for what the first screen needs: fewer round trips than many small ones.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
});
