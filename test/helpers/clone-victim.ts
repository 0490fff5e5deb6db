import { kill, pid } from 'node:process';
import { buildFull, buildLinked, buildWhole, pinSource } from '../../src/main/clones/build';
import { type CloneFiles, hostCloneFiles } from '../../src/main/clones/files';
import type { CloneIdentity } from '../../src/main/clones/plan';
import { readSource } from '../../src/main/clones/source';
import { buildMachineFolder } from '../../src/main/machines/build-folder';
import { join } from 'node:path';

/**
 * A process that clones a machine and is killed at the n-th thing that it does on the disk: `kill -9` at every
 * step. Arguments: the folder of machines, the original's folder, the kind of clone, n, `before` or `after`.
 * Without having been killed it says how many things it did.
 */
const [machines = '', original = '', kind = '', at = '', moment = ''] = process.argv.slice(2);
let calls = 0;

const real = hostCloneFiles();
const files = new Proxy(real, {
  get(target, name) {
    const method = target[name as keyof CloneFiles] as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      calls++;
      const mine = calls === Number(at);
      if (mine && moment === 'before') kill(pid, 'SIGKILL');
      const result = await method.apply(target, args);
      if (mine) kill(pid, 'SIGKILL');
      return result;
    };
  },
});

const identity: CloneIdentity = {
  id: 'clone00000000000',
  name: 'The clone',
  created: '2026-02-02T00:00:00.000Z',
  macs: new Map(),
  origin: { machine: 'abcdefgh12345678', name: 'Test machine', snapshot: null, linked: kind === 'linked' },
};
const control = { signal: new AbortController().signal, progress: () => undefined };

await buildMachineFolder(machines, identity, control.signal, async (folder) => {
  if (kind === 'whole') return buildWhole(folder, original, identity, files, control);
  const source = await readSource(original, null);
  if (kind === 'linked') return buildLinked(folder, source, identity, 'Base', files);
  const pins = join(folder, 'source');
  const pinned = source.frozen ? await pinSource(source, pins, files) : undefined;
  await buildFull(folder, pinned ?? source, identity, files, control);
  await files.remove(pins);
});
console.log(calls);
