import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the server; `mpp serve` listens here by default. */
const SERVER = 'http://localhost:8080';

export default defineConfig({
  plugins: [svelte()],
  server: {
    proxy: { '/api': SERVER, '/sync': SERVER },
  },
  // A worker is its own entry; modules, because the oldest browser is Chrome 138.
  worker: { format: 'es' },
  build: {
    manifest: true,
    // Nothing is inlined: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        resident: 'index.html',
        field: 'petugas/index.html',
        office: 'kantor/index.html',
      },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
