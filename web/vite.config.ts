import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ['@fermata/source', ...defaultClientConditions] },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `vite` alone serves the dashboard with hot reload against a running server.
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:4320',
      '/socket.io': { target: 'http://127.0.0.1:4320', ws: true },
    },
  },
});
