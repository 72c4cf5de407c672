import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** The service that `npm run dev:web` sends requests to: the one of `npm run dev`. */
const SERVICE = 'http://localhost:3000';

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // The service writes the path of the pages into index.html, and all else is relative to it.
  base: command === 'serve' ? '/ui/' : './',
  // No types here: the sources of the client are what the pages are built of.
  resolve: {
    alias: { '@latchkey/client': resolve(import.meta.dirname, '../packages/client/src/index.ts') },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // Nothing inline: the content security policy allows files of the service only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Browsers since 2023, which have Trusted Types or ignore them.
    target: ['chrome115', 'firefox115', 'safari16.4'],
    emptyOutDir: true,
  },
  server: { proxy: { '^/(?!ui(?:/|$))': SERVICE } },
}));
