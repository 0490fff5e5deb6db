import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** What lies in a data folder and moves with it; paths are relative, with forward slashes. */
export interface Contents {
  /** Each before what lies in it. */
  folders: string[];
  files: string[];
  links: string[];
  /** Of all files, each name counted. */
  bytes: number;
}

/** What is made anew in every data folder, and notes about the moving itself. */
const staying: ReadonlySet<string> = new Set([
  'electron',
  'cache',
  'lock',
  'location.json',
  'move.json',
  'moved.json',
  '.unfinished-move',
]);

/** Whether a name at the top of a data folder is none of its contents. */
export function stays(name: string): boolean {
  return staying.has(name);
}

/**
 * Lists what moves with a data folder. Locks of machines are left out: a machine that moves is off.
 *
 * @throws Failure `input.invalid` for what is neither a file nor a folder nor a link, `file.*`
 */
export async function contentsOf(folder: string): Promise<Contents> {
  const found: Contents = { folders: [], files: [], links: [], bytes: 0 };
  const look = async (inner: string): Promise<void> => {
    for await (const entry of await opendir(join(folder, inner))) {
      if (inner === '' && stays(entry.name)) continue;
      const path = inner === '' ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory()) {
        found.folders.push(path);
        await look(path);
      } else if (entry.isSymbolicLink()) {
        found.links.push(path);
      } else if (entry.isFile()) {
        if (/^machines\/[^/]+\/lock$/.test(path)) continue;
        found.files.push(path);
        found.bytes += (await lstat(join(folder, path))).size;
      } else if (!entry.isSocket()) {
        throw new Failure('input.invalid', phrase('dataFolder.strange', { path: join(folder, path) }), {
          hint: phrase('dataFolder.strangeHint'),
        });
      }
    }
  };
  await look('');
  return found;
}
