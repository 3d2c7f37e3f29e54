import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig, type Plugin, type UserConfig } from 'vite';

/** URL of the running server to which the development server (`npx vite`) forwards API requests. */
const SERVER = process.env['FERMATA_URL'] ?? 'http://127.0.0.1:4320';

/**
 * Writes Brotli and gzip files beside each script and style sheet after the build. The server sends
 * these (`server/src/query/compression.ts`), so it does not have to compress a file itself.
 */
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  writeBundle({ dir = '' }, bundle) {
    for (const name of Object.keys(bundle)) {
      if (!/\.(js|css)$/.test(name)) continue;
      const path = join(dir, name);
      const bytes = readFileSync(path);
      writeFileSync(`${path}.br`, brotliCompressSync(bytes));
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    }
  },
});

const CONFIG: UserConfig = {
  plugins: [svelte(), compressed()],
  resolve: { conditions: ['@fermata/source', ...defaultClientConditions] },
  build: {
    ...{ target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    // Warnings about slow plugins are off, because they mean nothing to a first-time user of
    // Fermata.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // Vite's development server (`npx vite`) serves the dashboard with hot reload and forwards API
  // requests to a running server.
  server: {
    proxy: {
      '/api': SERVER,
      '/socket.io': { target: SERVER, ws: true },
    },
  },
};

/**
 * A build is what users get, whatever NODE_ENV the shell or a test runner has set. With any other
 * than `production` it would have Svelte's code for development, which is larger and slower (guard:
 * a first load is small on the wire).
 */
export default defineConfig(({ command }) => {
  if (command === 'build') process.env['NODE_ENV'] = 'production';
  return CONFIG;
});
