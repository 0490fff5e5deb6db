import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/helpers/longest-first';
import { uiPlugins } from './ui.config';

const alias = { '@shared': fileURLToPath(new URL('./src/shared', import.meta.url)) };

/** What all projects have in common; a test may take so many milliseconds, on a slow computer with much to do. */
const common = (name: string, timeLimit: number) => ({
  name,
  environment: 'node' as const,
  setupFiles: ['test/helpers/seed.ts'],
  testTimeout: timeLimit,
  hookTimeout: timeLimit,
  // Whoever waits for a state waits long: only a test that fails takes that time.
  expect: { poll: { timeout: 180_000 } },
});

/** Where the whole run wants the counts and the failures, for its summary. */
const report = process.env.VIVARIUM_TEST_REPORT;

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: report ? ['default', ['./scripts/lib/test-report.mjs', { file: report }]] : ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias },
        test: {
          ...common('node', 300_000),
          include: ['src/{main,shared,preload}/**/*.test.ts', 'scripts/**/*.test.ts'],
        },
      },
      {
        resolve: { alias },
        plugins: uiPlugins(),
        test: {
          ...common('renderer', 300_000),
          environment: 'happy-dom',
          include: ['src/renderer/**/*.test.ts'],
        },
      },
      {
        resolve: { alias },
        test: { ...common('conformance', 300_000), include: ['test/conformance/**/*.test.ts'] },
      },
      {
        resolve: { alias },
        test: {
          ...common('integration', 600_000),
          globalSetup: ['test/helpers/build-once.ts', 'test/helpers/known-qemu.ts'],
          include: ['test/integration/**/*.test.ts'],
        },
      },
      {
        resolve: { alias },
        test: {
          ...common('e2e', 600_000),
          globalSetup: ['test/helpers/known-qemu.ts'],
          include: ['test/e2e/**/*.test.ts'],
        },
      },
    ],
  },
});
