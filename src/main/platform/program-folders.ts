import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the parts of the built program lie. */
export interface ProgramFolders {
  /** The bundled entries of processes: `out/main`. */
  main: string;
  renderer: string;
  resources: string;
}

/** @param bundledUrl `import.meta.url` of a bundled entry in `out/main`, or of one of the chunks below it */
export function programFolders(bundledUrl: string): ProgramFolders {
  const folder = dirname(fileURLToPath(bundledUrl));
  const main = basename(folder) === 'chunks' ? dirname(folder) : folder;
  const root = dirname(dirname(main));
  return { main, renderer: join(root, 'out', 'renderer'), resources: join(root, 'resources') };
}
