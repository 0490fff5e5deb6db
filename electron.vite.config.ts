import { resolve } from 'node:path';
import { defineConfig } from 'electron-vite';
import { bundledLicenses } from './licenses.config';
import { uiPlugins } from './ui.config';

const alias = { '@shared': resolve(import.meta.dirname, 'src/shared') };

/**
 * Native code and the emulator stay in node_modules (they are loaded from files of their own); everything else is
 * bundled. The targets are the oldest runtimes that have to run the same bundle: Node 20 and Chromium 130.
 */
const external = ['electron', 'fs-native-extensions', 'v86', /^v86\//, 'node-pty'];

/** What goes into the pages without being a module of theirs: icons, and the rules of the style sheet. */
const interfaceParts = ['@iconify-json/lucide', 'tailwindcss'];

export default defineConfig({
  main: {
    resolve: { alias },
    plugins: [bundledLicenses()],
    build: {
      target: 'node20',
      externalizeDeps: false,
      rollupOptions: {
        external,
        input: {
          app: resolve(import.meta.dirname, 'src/main/app/start.ts'),
          server: resolve(import.meta.dirname, 'src/main/server/entry.ts'),
          cli: resolve(import.meta.dirname, 'src/main/cli/main.ts'),
          selftest: resolve(import.meta.dirname, 'src/main/cli/selftest.ts'),
          'machine-process': resolve(import.meta.dirname, 'src/main/processes/machine/main.ts'),
          'switch-process': resolve(import.meta.dirname, 'src/main/processes/switch/main.ts'),
          'terminal-process': resolve(import.meta.dirname, 'src/main/processes/terminal/main.ts'),
          'worker-process': resolve(import.meta.dirname, 'src/main/processes/worker/main.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    resolve: { alias },
    plugins: [bundledLicenses()],
    build: {
      target: 'node20',
      externalizeDeps: false,
      rollupOptions: {
        external: ['electron'],
        input: { preload: resolve(import.meta.dirname, 'src/preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(import.meta.dirname, 'src/renderer'),
    resolve: { alias },
    plugins: [...uiPlugins(), bundledLicenses(interfaceParts)],
    build: {
      target: 'chrome130',
      minify: true,
      rollupOptions: {
        input: {
          manager: resolve(import.meta.dirname, 'src/renderer/manager.html'),
          console: resolve(import.meta.dirname, 'src/renderer/console.html'),
        },
      },
    },
  },
});
