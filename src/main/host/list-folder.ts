import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands } from '@shared/ipc/contract';
import type { Result } from '@shared/ipc/rpc';

type Listing = Result<Commands, 'host.listFolder'>;

/** Entries that are told at most; a person does not look through more. */
const maxEntries = 2000;
/** Entries that are looked at at the same time. */
const atOnce = 64;

/**
 * What is in a folder, for the file chooser of browser mode: folders first, hidden entries left out. What is
 * neither a file nor a folder, or may not be looked at, is left out too.
 *
 * @throws Failure `input.invalid`, `file.*`
 */
export async function listFolder(path: string = homedir()): Promise<Listing> {
  if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
  const folder = resolve(path);
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    const { code } = toErrorValue(error);
    throw new Failure(code === 'internal' ? 'file.io' : code, phrase('file.folderUnreadable', { folder }), {
      cause: error,
    });
  }
  const order = new Intl.Collator(undefined, { numeric: true });
  names.sort((a, b) => order.compare(a, b));
  const shown = names.slice(0, maxEntries);
  const entries: Listing['entries'] = [];
  for (let start = 0; start < shown.length; start += atOnce) {
    const found = await Promise.all(shown.slice(start, start + atOnce).map((name) => entryOf(folder, name)));
    entries.push(...found.filter((entry) => entry !== undefined));
  }
  entries.sort((a, b) => Number(a.kind === 'file') - Number(b.kind === 'file'));
  const parent = dirname(folder);
  return {
    path: folder,
    parent: parent === folder ? null : parent,
    entries,
    truncated: names.length > shown.length,
  };
}

async function entryOf(folder: string, name: string): Promise<Listing['entries'][number] | undefined> {
  const path = join(folder, name);
  try {
    const status = await stat(path);
    if (status.isDirectory()) return { name, path, kind: 'folder', size: 0 };
    if (status.isFile()) return { name, path, kind: 'file', size: status.size };
  } catch {
    // a dangling link, or nothing that we may see
  }
  return undefined;
}
