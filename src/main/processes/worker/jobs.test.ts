import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../disks/qcow2/create';
import { openDisk } from '../../disks/open-disk';
import { copyDisk } from './copy-disk';
import { hashFile } from './hash-file';
import type { JobControl } from './job-runner';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-worker-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const control = (abort = new AbortController()): JobControl & { reports: [number, number | null][] } => {
  const reports: [number, number | null][] = [];
  return { reports, signal: abort.signal, progress: (done, total) => reports.push([done, total]) };
};
const data = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31) >> 5);

describe('hashing a file', () => {
  it.each(['sha256', 'sha512'] as const)('with %s', async (algorithm) => {
    const path = join(folder, 'file');
    await writeFile(path, data);
    const made = control();
    expect(await hashFile({ path, algorithm }, made)).toBe(createHash(algorithm).update(data).digest('hex'));
    expect(made.reports.at(-1)).toEqual([data.length, data.length]);
  });

  it('can be cancelled, and says what is wrong with the file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, data);
    const abort = new AbortController();
    abort.abort();
    await expect(hashFile({ path, algorithm: 'sha256' }, control(abort))).rejects.toMatchObject({
      code: 'cancelled',
    });
    const missing = { path: join(folder, 'none'), algorithm: 'sha256' as const };
    await expect(hashFile(missing, control())).rejects.toMatchObject({ code: 'file.not-found' });
  });
});

describe('copying a disk', () => {
  it('makes a qcow2 of a raw image', async () => {
    const source = join(folder, 'disk.img');
    const target = join(folder, 'disk.qcow2');
    const whole = data.subarray(0, 512 * 5000);
    await writeFile(source, whole);
    const made = control();
    expect(await copyDisk({ source, target }, made)).toEqual({ virtualSize: whole.length });
    expect(made.reports.at(-1)).toEqual([whole.length, whole.length]);
    const copy = await openDisk(target, { readOnly: true });
    expect(Buffer.compare(await copy.read(0, whole.length), whole)).toBe(0);
    await copy.close();
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const source = join(folder, 'disk.img');
    await writeFile(source, data.subarray(0, 512 * 5000));
    const abort = new AbortController();
    const made = control(abort);
    made.progress = () => abort.abort();
    const job = copyDisk({ source, target: join(folder, 'disk.qcow2') }, made);
    await expect(job).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(folder)).toEqual(['disk.img']);
  });

  it('refuses an image that names another file of this computer as its backing file', async () => {
    const secret = join(folder, 'secret');
    const source = join(folder, 'disk.qcow2');
    await writeFile(secret, data.subarray(0, 65536));
    await createQcow2(source, {
      virtualSize: 65536,
      backingFile: secret,
    });
    const job = copyDisk({ source, target: join(folder, 'copy.qcow2') }, control());
    await expect(job).rejects.toMatchObject({ code: 'disk.unsupported' });
    expect((await readdir(folder)).sort()).toEqual(['disk.qcow2', 'secret']);
  });
});
