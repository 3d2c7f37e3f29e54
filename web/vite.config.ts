import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/** Server whose data the dashboard shows while it is developed (`npx vite`). */
const SERVER = process.env['FERMATA_URL'] ?? 'http://127.0.0.1:4320';

/**
 * Writes a compressed form of each script and style beside it, when all are written. The server
 * sends these (`server/src/query/compression.ts`), so that it never compresses a file twice.
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

export default defineConfig({
  plugins: [svelte(), compressed()],
  resolve: { conditions: ['@fermata/source', ...defaultClientConditions] },
  build: {
    ...{ target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    // How long each plugin took says nothing to whoever starts Fermata for the first time.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // `vite` alone serves the dashboard with hot reload against a running server.
  server: {
    proxy: {
      '/api': SERVER,
      '/socket.io': { target: SERVER, ws: true },
    },
  },
});
