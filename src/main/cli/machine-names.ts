import { readFile } from 'node:fs/promises';
import { LibraryList } from '../machines/library-file';
import { layoutOf } from '../machines/layout';
import { locateDataFolder } from '../platform/data-location';
import type { Log } from '../platform/log';

const quiet: Log = { info() {}, warn() {}, once() {}, flush: () => Promise.resolve() };

/**
 * The names of the machines of a library, for completion: as their files have them, so that pressing a key starts no
 * program. What cannot be read has no name.
 */
export async function machineNames(dataFolder: string): Promise<string[]> {
  const list = await LibraryList.load(locateDataFolder(dataFolder), quiet);
  const folders = await list.folders();
  const names = await Promise.all(folders.map(nameIn));
  return names.filter((name) => name !== undefined).sort((one, other) => one.localeCompare(other));
}

async function nameIn(folder: string): Promise<string | undefined> {
  try {
    const { name } = JSON.parse(await readFile(layoutOf(folder).config, 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}
