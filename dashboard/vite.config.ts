// How the page is built and, while developing, served beside a running citytwin on its default port.
import { defineConfig } from 'vite';

const SERVER = 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The polyfill would be an inline script; a strict content security policy forbids it and no supported browser needs it.
    modulePreload: { polyfill: false },
    // MapLibre alone is larger than the default limit; it loads after the first paint.
    chunkSizeWarningLimit: 1200,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': SERVER, '/docs': SERVER, '/live': { target: SERVER, ws: true } },
  },
});
