import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { StateSink } from '../../engine';
import { beginSaving } from './migration';
import { planQemu } from './plan';
import { FakeQemu, pieceLength, pieces } from './testing/fake-qemu';
import { pathsFor, testMachine } from './testing/matrix';

/** Takes so many bytes, and then no more. */
const sinkOf = (bytes: number): StateSink & { taken: number } => ({
  taken: 0,
  async write(data) {
    if (this.taken >= bytes) throw new Failure('file.no-space', 'There is no space.');
    this.taken += data.length;
  },
});

let folder: string;
let qemu: FakeQemu;
let client: QmpClient;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-migration-'));
  qemu = new FakeQemu();
  await qemu.listen(join(folder, 'q'));
  client = await QmpClient.connect({ path: join(folder, 'q') });
});
afterEach(async () => {
  client.close();
  qemu.close();
  await rm(folder, { recursive: true, force: true });
});

const save = async (sink: StateSink, behind: boolean): Promise<void> => {
  const config = testMachine({});
  const plan = planQemu(config, pathsFor(config, folder));
  const { done } = await beginSaving(client, plan, join(folder, 'm'), sink, behind);
  await done;
};

describe('saving a state', () => {
  it.each([true, false])('hands everything on (behind the guest: %s)', async (behind) => {
    const sink = sinkOf(Infinity);
    await save(sink, behind);
    expect(sink.taken).toBeGreaterThan(pieces * pieceLength);
  });

  it('is cut off when nobody takes it any more', async () => {
    await expect(save(sinkOf(pieceLength), false)).rejects.toMatchObject({ code: 'file.no-space' });
    expect(qemu.commands).toContain('migrate_cancel');
  });

  it('is never cut off behind a running guest, which would not run any more', async () => {
    await expect(save(sinkOf(pieceLength), true)).rejects.toMatchObject({ code: 'file.no-space' });
    expect(qemu.commands).not.toContain('migrate_cancel');
    expect(qemu.taken).toBe(pieces * pieceLength);
  });
});
