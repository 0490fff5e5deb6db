import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the parts of the built program lie. */
export interface ProgramFolders {
  /** The bundled entries of processes: `out/main`. */
  main: string;
  renderer: string;
  resources: string;
}

/** @param entryUrl `import.meta.url` of a bundled entry in `out/main` */
export function programFolders(entryUrl: string): ProgramFolders {
  const main = dirname(fileURLToPath(entryUrl));
  const root = dirname(dirname(main));
  return { main, renderer: join(root, 'out', 'renderer'), resources: join(root, 'resources') };
}
