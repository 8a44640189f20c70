import { createHash } from 'node:crypto';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Subresource integrity for the files that index.html names: a changed file is refused by the browser. */
function integrity(): Plugin {
  return {
    name: 'integrity',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        return html.replace(/<(?:script|link)[^>]+(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g, (tag, name) => {
          const file = bundle?.[name];
          if (!file) return tag;
          const content = file.type === 'chunk' ? file.code : file.source;
          return `${tag} integrity="sha384-${createHash('sha384').update(content).digest('base64')}"`;
        });
      },
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
