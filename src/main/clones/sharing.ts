import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SharedWith } from '@shared/machine/clone';
import { hostFailure } from '../disks/host-file';
import { isMissing, namesIn } from '../disks/names-in';

interface HasFolder {
  id: string;
  name: string;
  folder: string;
}

/**
 * Which file each name in a machine's `disks/` stands for: two names of one file are the same image. Nothing where
 * there is no such folder.
 *
 * @throws Failure `file.*` where that cannot be found out
 */
export async function imageIdentities(folder: string): Promise<Map<string, { key: string; bytes: number }>> {
  const found = new Map<string, { key: string; bytes: number }>();
  for (const name of await namesIn(join(folder, 'disks'))) {
    const path = join(folder, 'disks', name);
    const status = await stat(path, { bigint: true }).catch((error: unknown) => {
      if (!isMissing(error)) throw hostFailure(error, 'examine', path);
    });
    // One with a single name is nobody else's: most need not be looked at further.
    if (!status?.isFile() || status.nlink < 2n) continue;
    const bytes = Number(process.platform === 'win32' ? status.size : status.blocks * 512n);
    found.set(`disks/${name}`, { key: `${status.dev}:${status.ino}`, bytes });
  }
  return found;
}

/**
 * The other machines that have images in common with one. What is on the disk decides, not what was noted.
 * @throws Failure `file.*` where a folder cannot be read
 */
export async function sharingWith(machine: HasFolder, others: readonly HasFolder[]): Promise<SharedWith[]> {
  const mine = new Map(
    [...(await imageIdentities(machine.folder)).values()].map(({ key, bytes }) => [key, bytes]),
  );
  if (mine.size === 0) return [];
  const result: SharedWith[] = [];
  for (const { id, name, folder } of others) {
    if (folder === machine.folder) continue;
    let bytes = 0;
    for (const key of new Set([...(await imageIdentities(folder)).values()].map((image) => image.key))) {
      bytes += mine.get(key) ?? 0;
    }
    if (bytes > 0) result.push({ id, name, bytes });
  }
  return result.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * The names of the other machines that have one image of a machine in their folders, too.
 * @param image inside its folder
 * @throws Failure `file.*` where a folder cannot be read
 */
export async function sharersOf(
  machine: HasFolder,
  image: string,
  others: readonly HasFolder[],
): Promise<string[]> {
  const key = (await imageIdentities(machine.folder)).get(image)?.key;
  if (key === undefined) return [];
  const names: string[] = [];
  for (const { name, folder } of others) {
    if (folder === machine.folder) continue;
    const theirs = [...(await imageIdentities(folder)).values()];
    if (theirs.some((one) => one.key === key)) names.push(name);
  }
  return names;
}
