import { readFile } from 'node:fs/promises';

const mostFiles = 16;

/**
 * Whether QEMU's bridge helper opens a bridge for this user, by its list (`qemu-bridge-helper`, “ACL file”): lines of
 * `allow`, `deny` and `include`, where a `deny` counts more than an `allow`. A list that only the helper can read is
 * taken to allow it: the helper itself has the last word.
 */
export async function allowedBridges(path: string, bridge: string): Promise<boolean> {
  let allowed = false;
  const files = [path];
  for (let index = 0; index < Math.min(files.length, mostFiles); index++) {
    const text = await readFile(files[index] ?? '', 'utf8').catch((error: unknown) =>
      (error as { code?: string }).code === 'ENOENT' ? '' : null,
    );
    if (text === null) return true;
    for (const line of text.split('\n')) {
      const [word = '', what = ''] = line.replace(/#.*/, '').trim().split(/\s+/);
      if (word === 'include') files.push(what);
      if (what !== bridge && what !== 'all') continue;
      if (word === 'deny') return false;
      if (word === 'allow') allowed = true;
    }
  }
  return allowed;
}
