import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import { LiveSnapshots } from './live-snapshot';
import { planQemu } from './plan';
import { writeProblem } from './problem';
import { FakeQemu } from './testing/fake-qemu';
import { pathsFor, testMachine } from './testing/matrix';

let folder: string;
let qemu: FakeQemu;
let client: QmpClient;
let told: ErrorValue[];
let snapshots: LiveSnapshots;
let overlays: Map<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-live-'));
  qemu = new FakeQemu();
  qemu.answers.set('query-status', () => ({ status: 'running', running: true }));
  await qemu.listen(join(folder, 'q'));
  client = await QmpClient.connect({ path: join(folder, 'q') });
  const config = testMachine({ disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' }] });
  const plan = planQemu(config, pathsFor(config, folder));
  told = [];
  snapshots = new LiveSnapshots(
    client,
    plan,
    join(folder, 'm'),
    () => {},
    () => plan.disks,
    (problem) => told.push(problem),
  );
  overlays = new Map(plan.disks.map(({ id }) => [id, join(folder, `${id}-new.qcow2`)]));
});
afterEach(async () => {
  vi.useRealTimers();
  client.close();
  qemu.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a snapshot of a running QEMU', () => {
  it('is not given up while QEMU may still put the images in place, however long that takes', async () => {
    let putInPlace: () => void = () => {};
    const asked = new Promise<void>((isAsked) => {
      qemu.answers.set('transaction', () => {
        isAsked();
        return new Promise<void>((resolve) => (putInPlace = resolve));
      });
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const taking = snapshots.take(overlays, null);
    let ended = false;
    taking.finally(() => (ended = true)).catch(() => {});
    await asked;
    vi.advanceTimersByTime(600_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    putInPlace();
    await expect(taking).resolves.toMatchObject({ pausedMs: expect.any(Number) as number });
    expect(qemu.commands.slice(-2)).toEqual(['transaction', 'cont']);
    expect(told).toEqual([]);
  });

  it('has been taken, and a person is told, when the guest does not go on', async () => {
    qemu.answers.set('cont', () => Promise.reject(new Error('not now')));
    await expect(snapshots.take(overlays, null)).resolves.toBeDefined();
    expect(told).toMatchObject([
      { code: 'engine.failed', message: expect.stringMatching(/not now/) as string },
    ]);
  });

  it('has been taken, and a person is told, when QEMU does not say that the guest goes on', async () => {
    const asked = new Promise<void>((isAsked) => {
      qemu.answers.set('cont', () => {
        isAsked();
        return new Promise(() => {});
      });
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const taking = snapshots.take(overlays, null);
    await asked;
    await vi.advanceTimersByTimeAsync(120_000);
    await expect(taking).resolves.toBeDefined();
    expect(told).toMatchObject([{ code: 'timeout', message: expect.stringMatching(/cont/) as string }]);
    // The guest's disk is the new image, whatever the guest does.
    expect(snapshots.present()).toMatchObject([{ id: 'disk0', path: overlays.get('disk0') }]);
  });

  it('leaves a fault of the host to the image that is written to now', async () => {
    const fault = {
      device: '',
      operation: 'write' as const,
      action: 'stop' as const,
      nospace: true,
      reason: '',
    };
    for (const turn of [1, 2, 3]) {
      const path = join(folder, `disk0-${turn}.qcow2`);
      await snapshots.take(new Map([['disk0', path]]), null);
      const problem = writeProblem({ ...fault, 'node-name': `disk0-image-${turn}` }, snapshots.present());
      expect(problem.code).toBe('file.no-space');
      expect(problem.message).toContain(path);
    }
  });

  it('has not been taken when QEMU refuses the images, and the guest goes on', async () => {
    qemu.answers.set('transaction', () => Promise.reject(new Error('no such node')));
    await expect(snapshots.take(overlays, null)).rejects.toMatchObject({ code: 'engine.failed' });
    expect(qemu.commands.at(-1)).toBe('cont');
    expect(told).toEqual([]);
  });
});
