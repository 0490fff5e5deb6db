import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** Builds the in-page backend as one script that Playwright puts into the page before anything else runs. */
const root = resolve(import.meta.dirname, '../../..');

export default defineConfig({
  resolve: { alias: { '@shared': resolve(root, 'src/shared') } },
  build: {
    target: 'chrome130',
    outDir: resolve(root, 'test-results/renderer-backend'),
    emptyOutDir: true,
    minify: false,
    lib: {
      entry: resolve(import.meta.dirname, 'backend.ts'),
      name: 'vivariumBackend',
      formats: ['iife'],
      fileName: () => 'backend.js',
    },
  },
});
