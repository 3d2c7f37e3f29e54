import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig } from 'vite';

/** Server whose data the dashboard shows while it is developed (`npx vite`). */
const SERVER = process.env['FERMATA_URL'] ?? 'http://127.0.0.1:4320';

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ['@fermata/source', ...defaultClientConditions] },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `vite` alone serves the dashboard with hot reload against a running server.
  server: {
    proxy: {
      '/api': SERVER,
      '/socket.io': { target: SERVER, ws: true },
    },
  },
});
