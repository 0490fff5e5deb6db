import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withoutDevice } from '@shared/machine/devices';
import {
  complaintsAbout,
  contentsOf,
  fillDisks,
  machineFolder,
  takeOptions,
  writeSavedState,
} from '../../../test/helpers/snapshots';
import { namesIn } from '../disks/names-in';
import { readSavedState } from '../disks/saved-state/reader';
import { writeConfig } from '../machines/folder';
import { hostSnapshotFiles } from './files';
import { SnapshotStore } from './store';

let folder: string;
let store: SnapshotStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-store-'));
  store = new SnapshotStore(folder, hostSnapshotFiles());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('changes that are discarded', () => {
  it('include none of a disk that was removed meanwhile: the others go back', async () => {
    await machineFolder(folder, 2);
    await fillDisks(folder, 1, 0, 1000);
    await store.keep();
    await fillDisks(folder, 2, 0, 1000);
    const config = await store.config();
    await writeConfig(folder, withoutDevice(config, 'disk1'));
    // What it was kept on may be gone as well.
    await rm(join(folder, config.kept?.paths['disk1'] ?? ''));
    expect(await store.discard()).toBe(true);
    const after = await store.config();
    expect(after.disks.map(({ id }) => id)).toEqual(['disk0']);
    expect((await contentsOf(join(folder, after.disks[0]?.path ?? '')))[0]).toBe(1);
    expect(after.kept).toBeUndefined();
  });
});

describe('the snapshots of a saved machine', () => {
  const identity = { engine: 'v86', engineVersion: '1', hardwareDigest: 'ab'.repeat(32) };
  const memory = 'x'.repeat(300_000);

  it('have its memory once, however many they are, and it goes on from that', async () => {
    await machineFolder(folder);
    await writeSavedState(folder, memory);
    const ids: string[] = [];
    for (let number = 0; number < 3; number++) {
      ids.push(await store.take({ ...takeOptions, name: `${number}`, state: 'saved' }, true));
    }
    const state = join(folder, 'saved', 'state.viv');
    for (const path of [state, ...ids.map((id) => join(folder, 'snapshots', id, 'memory.viv'))]) {
      expect(Buffer.from(await readSavedState(path, identity)).toString()).toBe(memory);
    }
    const [first, second] = await Promise.all(ids.map((id) => store.bytesOf(`snapshots/${id}/memory.viv`)));
    expect(first).toBe(second);
    expect(await complaintsAbout(folder, false)).toEqual([]);
    // What the machine goes on from is still there when the snapshots are not.
    await store.delete(await store.planDelete(ids, false));
    expect(Buffer.from(await readSavedState(state, identity)).toString()).toBe(memory);
    expect(await complaintsAbout(folder, false)).toEqual([]);
  });

  it('share what the machine had in memory when it was saved before', async () => {
    await machineFolder(folder);
    const noise = Array.from({ length: 20_000 }, (_, index) => `${index * 7919} `).join('');
    await writeSavedState(folder, noise);
    await store.take({ ...takeOptions, name: 'one', state: 'saved' }, true);
    const before = await packedBytes();
    await writeSavedState(folder, `something new; ${noise}`);
    const second = await store.take({ ...takeOptions, name: 'two', state: 'saved' }, true);
    expect((await packedBytes()) - before).toBeLessThan(before / 2);
    const path = join(folder, 'snapshots', second, 'memory.viv');
    expect(Buffer.from(await readSavedState(path, identity)).toString()).toBe(`something new; ${noise}`);
    expect(await complaintsAbout(folder, false)).toEqual([]);
  });

  async function packedBytes(): Promise<number> {
    let bytes = 0;
    for (const name of await namesIn(join(folder, 'memory')))
      bytes += (await stat(join(folder, 'memory', name))).size;
    return bytes;
  }
});
