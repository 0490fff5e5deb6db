import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { uiPlugins } from '../../../ui.config';

/** Builds the renderer alone, as electron.vite.config.ts does, into `test-results/renderer`. */
const root = resolve(import.meta.dirname, '../../..');

export default defineConfig({
  root: resolve(root, 'src/renderer'),
  base: './',
  resolve: { alias: { '@shared': resolve(root, 'src/shared') } },
  plugins: uiPlugins(),
  build: {
    target: 'chrome130',
    outDir: resolve(root, 'test-results/renderer'),
    emptyOutDir: true,
    rollupOptions: {
      input: {
        manager: resolve(root, 'src/renderer/manager.html'),
        console: resolve(root, 'src/renderer/console.html'),
      },
    },
  },
});
