import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export const projectRoot = resolve(import.meta.dirname, '../..');

/** Where the setup of a run of tests tells its files what it has built. */
export const builtMainVariable = 'VIVARIUM_TEST_MAIN';

/** The entries of processes as they are in the sources now, bundled; to be removed by `remove`. */
export interface BuiltMain {
  folder: string;
  remove(): Promise<void>;
}

/** What every core needs. */
const usualEntries = {
  'machine-process': 'src/main/processes/machine/main.ts',
  'worker-process': 'src/main/processes/worker/main.ts',
  'switch-process': 'src/main/processes/switch/main.ts',
};

/** All that files of tests want bundled as it is in the sources: to bundle it together costs little more than one. */
export const commonEntries: Record<string, string> = {
  ...usualEntries,
  'terminal-process': 'src/main/processes/terminal/main.ts',
  server: 'src/main/server/entry.ts',
  selftest: 'src/main/cli/selftest.ts',
  'core-victim': 'test/helpers/core-victim.ts',
  'clone-victim': 'test/helpers/clone-victim.ts',
  'move-victim': 'test/helpers/move-victim.ts',
  'machine-move-victim': 'test/helpers/machine-move-victim.ts',
  torture: 'test/helpers/torture/victim.ts',
};

/** These entries as this run of tests has built them for all its files, or else in a folder of their own. */
export async function buildMain(entries: Record<string, string> = usualEntries): Promise<BuiltMain> {
  const shared = process.env[builtMainVariable];
  const isCommon = Object.entries(entries).every(([name, file]) => commonEntries[name] === file);
  if (isCommon && shared !== undefined) return { folder: shared, remove: async () => {} };
  return bundle(entries);
}

/** Bundles process entries as the real build does, into a new folder. */
export async function bundle(entries: Record<string, string>): Promise<BuiltMain> {
  // Most files that import this never bundle, and the bundler takes a while to load.
  const { build } = await import('vite');
  // Inside the project, so that packages are found; as deep as `out/main`, so that the resources are.
  await mkdir(join(projectRoot, 'out'), { recursive: true });
  const folder = await mkdtemp(join(projectRoot, 'out', 'test-'));
  const input = Object.fromEntries(
    Object.entries(entries).map(([name, file]) => [name, join(projectRoot, file)]),
  );
  await build({
    configFile: false,
    logLevel: 'error',
    root: projectRoot,
    resolve: { alias: { '@shared': join(projectRoot, 'src/shared') } },
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node20',
      minify: false,
      emptyOutDir: false,
      copyPublicDir: false,
      outDir: folder,
      rollupOptions: {
        input,
        external: ['electron', 'fs-native-extensions', 'node-pty', 'v86', /^v86\//],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
