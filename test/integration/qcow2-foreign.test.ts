import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockDevice } from '../../src/main/disks/block-device';
import { convertDisk } from '../../src/main/disks/convert';
import { inspectDisk } from '../../src/main/disks/inspect';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { openQcow2 } from '../../src/main/disks/qcow2/open';
import { checkImage, hasQemuImg, hasQemuIo, qemuImg, qemuIo, sameContents } from '../helpers/qemu-img';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qcow2-foreign-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const secret = ['--object', 'secret,id=s,data=abc'];

const at = (name: string): string => join(folder, name);

/** A disk with text, zeros and noise, whose size is no multiple of anything but sectors. */
function sample(): Uint8Array {
  const data = new Uint8Array(3_000_320 - (3_000_320 % 512));
  for (let i = 0; i < 400_000; i++) data[i] = (i >> 4) & 255;
  let state = 1;
  for (let i = 1_100_000; i < 1_900_000; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    data[i] = state >> 16;
  }
  data[data.length - 1] = 42;
  return data;
}

async function readAll(disk: BlockDevice): Promise<Uint8Array> {
  return disk.read(0, disk.size);
}

/** Checks reading, then writes here and there, and lets qemu-img compare the result. */
async function useImage(path: string, model: Uint8Array): Promise<void> {
  const reader = await openDisk(path, { readOnly: true });
  expect(reader.size).toBe(model.length);
  expect(Buffer.compare(await readAll(reader), model)).toBe(0);
  await reader.close();

  const disk = await openDisk(path, { readOnly: false });
  for (const [offset, length] of [
    [0, 700],
    [65_000, 2_000],
    [399_999, 200_000],
    [1_500_000, 300_001],
    [model.length - 513, 513],
  ] as const) {
    const data = new Uint8Array(length).fill(offset & 127);
    await disk.write(offset, data);
    model.set(data, offset);
    await disk.flush();
  }
  expect(Buffer.compare(await readAll(disk), model)).toBe(0);
  await disk.close();
  await writeFile(at('model.raw'), model);
  expect(await checkImage(path)).toBe('');
  expect(await sameContents(path, 'qcow2', at('model.raw'), 'raw')).toBe(true);
}

describe.skipIf(!hasQemuImg)('images made by QEMU', () => {
  it.each([
    ['defaults', []],
    ['clusters of 512 B', ['-o', 'cluster_size=512']],
    ['clusters of 4 KiB', ['-o', 'cluster_size=4k']],
    ['clusters of 32 KiB', ['-o', 'cluster_size=32k']],
    ['clusters of 256 KiB', ['-o', 'cluster_size=256k']],
    ['clusters of 2 MiB', ['-o', 'cluster_size=2M']],
    ['version 2', ['-o', 'compat=0.10']],
    ['version 2, clusters of 1 KiB', ['-o', 'compat=0.10,cluster_size=1k']],
    ['version 2, clusters of 2 MiB', ['-o', 'compat=0.10,cluster_size=2M']],
    ['lazy refcounts', ['-o', 'lazy_refcounts=on']],
    ['counts of 1 bit', ['-o', 'refcount_bits=1']],
    ['counts of 64 bits', ['-o', 'refcount_bits=64']],
    ['compressed', ['-c']],
    ['compressed, clusters of 4 KiB', ['-c', '-o', 'cluster_size=4k']],
    ['compressed, clusters of 2 MiB', ['-c', '-o', 'cluster_size=2M']],
    ['compressed, version 2', ['-c', '-o', 'compat=0.10']],
    ['compressed by zstd', ['-c', '-o', 'compression_type=zstd']],
    ['compressed by zstd, clusters of 512 B', ['-c', '-o', 'compression_type=zstd,cluster_size=512']],
    ['compressed by zstd, clusters of 2 MiB', ['-c', '-o', 'compression_type=zstd,cluster_size=2M']],
    ['of zstd, but not compressed', ['-o', 'compression_type=zstd']],
    ['preallocated metadata', ['-o', 'preallocation=metadata']],
    ['preallocated by falloc', ['-o', 'preallocation=falloc']],
    ['preallocated, full', ['-o', 'preallocation=full']],
    ['version 2, preallocated metadata', ['-o', 'compat=0.10,preallocation=metadata']],
    ['preallocated metadata, clusters of 1 KiB', ['-o', 'preallocation=metadata,cluster_size=1k']],
  ])('can be read and written (%s)', async (_, options) => {
    const model = sample();
    await writeFile(at('sample.raw'), model);
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', ...options, at('sample.raw'), at('disk.qcow2'));
    await useImage(at('disk.qcow2'), model);
  });

  it('can be read and written when preallocated and empty', async () => {
    const model = new Uint8Array(sample().length);
    await qemuImg(
      'create',
      '-f',
      'qcow2',
      '-o',
      'preallocation=metadata',
      at('disk.qcow2'),
      `${model.length}`,
    );
    await useImage(at('disk.qcow2'), model);
  });

  it.skipIf(!hasQemuIo)('keep zeros that were written over old data', async () => {
    const model = sample();
    await writeFile(at('base.raw'), model);
    await qemuImg('create', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', at('disk.qcow2'));
    // Zero clusters without a place, zero clusters with one, and zeros that are only part of a cluster.
    await qemuIo(at('disk.qcow2'), [
      'write -z 0 256k',
      'write -P 1 1200k 256k',
      'write -z 1200k 128k',
      'write -z 1700k 1k',
    ]);
    model.fill(0, 0, 256 * 1024);
    model.fill(1, 1200 * 1024, 1456 * 1024);
    model.fill(0, 1200 * 1024, 1328 * 1024);
    model.fill(0, 1700 * 1024, 1701 * 1024);
    await useImage(at('disk.qcow2'), model);
  });

  it('can stand on one another to any depth', async () => {
    const model = sample();
    await writeFile(at('0.raw'), model);
    let [below, format] = ['0.raw', 'raw'];
    for (let depth = 1; depth <= 6; depth++) {
      const name = `${depth}.qcow2`;
      if (depth % 2 === 0) await qemuImg('create', '-f', 'qcow2', '-b', below, '-F', format, at(name));
      else await createQcow2(at(name), { virtualSize: model.length, backingFile: below });
      const disk = await openDisk(at(name), { readOnly: false });
      const data = new Uint8Array(100_000).fill(depth);
      await disk.write(depth * 90_000, data);
      model.set(data, depth * 90_000);
      await disk.close();
      [below, format] = [name, 'qcow2'];
    }
    await useImage(at(below), model);
  });

  it.each([
    ['extended L2 entries', ['-o', 'extended_l2=on']],
    ['an external data file', ['-o', 'data_file=data.raw']],
    ['an external data file of the raw kind', ['-o', 'data_file=data.raw,data_file_raw=on']],
    ['encryption by AES', [...secret, '-o', 'encrypt.format=aes,encrypt.key-secret=s']],
  ])('are refused with the reason if they have %s', async (_, options) => {
    const local = options.map((option) => option.replace('data_file=', `data_file=${folder}/`));
    await qemuImg('create', '-f', 'qcow2', ...local, at('disk.qcow2'), '1M');
    await expect(openDisk(at('disk.qcow2'), { readOnly: true })).rejects.toMatchObject({
      code: 'disk.unsupported',
      hint: expect.stringContaining('qemu-img convert') as string,
    });
  });

  it.each([
    ['of 2 PiB', '2P', []],
    ['of 4 GiB with clusters of 512 B', '4G', ['-o', 'cluster_size=512']],
    ['of 4 PiB with clusters of 2 MiB', '4P', ['-o', 'cluster_size=2M']],
  ])('can be used if they are huge (%s)', async (_, size, options) => {
    await qemuImg('create', '-f', 'qcow2', ...options, at('disk.qcow2'), size);
    const disk = await openDisk(at('disk.qcow2'), { readOnly: false });
    const end = disk.size - 100_000;
    await disk.write(0, new Uint8Array(70_000).fill(1));
    await disk.write(end, new Uint8Array(100_000).fill(2));
    await disk.close();
    expect(await checkImage(at('disk.qcow2'))).toBe('');
    expect((await inspectDisk(at('disk.qcow2'))).fileSize).toBeLessThan(100 * 2 ** 20);
    const reader = await openDisk(at('disk.qcow2'), { readOnly: true });
    expect((await reader.read(0, 70_001)).lastIndexOf(1)).toBe(69_999);
    expect((await reader.read(end - 1, 100_001)).indexOf(2)).toBe(1);
    await reader.close();
  });

  it.skipIf(!hasQemuIo)('lose what a guest of QEMU has discarded', async () => {
    const model = sample();
    await writeFile(at('base.raw'), model);
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', at('base.raw'), at('base.qcow2'));
    await qemuImg('create', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', at('disk.qcow2'));
    await qemuIo(
      at('disk.qcow2'),
      ['write -P 7 1M 512k', 'discard 1M 256k', 'discard 0 128k'],
      ['-d', 'unmap'],
    );
    await qemuImg('convert', '-f', 'qcow2', '-O', 'raw', at('disk.qcow2'), at('seen.raw'));
    await useImage(at('disk.qcow2'), new Uint8Array(await readFile(at('seen.raw'))));
  });

  it('can only be read if they contain snapshots or bitmaps', async () => {
    const model = sample();
    await writeFile(at('sample.raw'), model);
    for (const kind of ['snapshot', 'bitmap'] as const) {
      const path = at(`${kind}.qcow2`);
      await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', at('sample.raw'), path);
      await (kind === 'snapshot'
        ? qemuImg('snapshot', '-c', 'one', path)
        : qemuImg('bitmap', '--add', path, 'one'));
      await expect(openDisk(path, { readOnly: false })).rejects.toMatchObject({ code: 'disk.unsupported' });
      const disk = await openDisk(path, { readOnly: true });
      expect(Buffer.compare(await readAll(disk), model)).toBe(0);
      await disk.close();
      expect((await inspectDisk(path)).readOnlyFeatures).toBe(true);
    }
  });

  it('can be written again when their snapshots are gone', async () => {
    const model = sample();
    await writeFile(at('sample.raw'), model);
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', at('sample.raw'), at('disk.qcow2'));
    await qemuImg('snapshot', '-c', 'one', at('disk.qcow2'));
    await qemuImg('snapshot', '-d', 'one', at('disk.qcow2'));
    await useImage(at('disk.qcow2'), model);
  });

  it.each(['vmdk', 'vdi', 'vpc', 'vhdx', 'qed', 'parallels'])(
    'of the format %s are refused with a way out',
    async (format) => {
      await qemuImg('create', '-f', format, at('disk'), '8M');
      await expect(openDisk(at('disk'), { readOnly: true })).rejects.toMatchObject({
        code: 'disk.unsupported',
        hint: expect.stringContaining(`-f ${format}`) as string,
      });
    },
  );

  it('repair: what QEMU left dirty is counted anew', async () => {
    const model = sample();
    await writeFile(at('sample.raw'), model);
    await qemuImg(
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      '-o',
      'lazy_refcounts=on',
      at('sample.raw'),
      at('disk.qcow2'),
    );
    // The process ends without closing the image.
    await qemuIo(at('disk.qcow2'), ['write -P 9 500k 300k', 'flush', 'abort']).catch(() => undefined);
    model.fill(9, 500 * 1024, 800 * 1024);
    expect((await inspectDisk(at('disk.qcow2'))).dirty).toBe(true);
    await useImage(at('disk.qcow2'), model);
    expect((await inspectDisk(at('disk.qcow2'))).dirty).toBe(false);
  });
});

describe.skipIf(!hasQemuImg)('our images in the hands of QEMU', () => {
  it('grow, are written by qemu-io and come back', async () => {
    await createQcow2(at('disk.qcow2'), { virtualSize: 1_000_000 });
    await qemuImg('resize', '-f', 'qcow2', at('disk.qcow2'), '5M');
    await qemuIo(at('disk.qcow2'), ['write -P 5 1M 1M'], ['-f', 'qcow2']);
    const model = new Uint8Array(5 * 2 ** 20).fill(5, 2 ** 20, 2 ** 21);
    await useImage(at('disk.qcow2'), model);
  });

  it('are protected from QEMU while they are open for writing, and free afterwards', async () => {
    await createQcow2(at('disk.qcow2'), { virtualSize: 1_000_000 });
    const disk = await openQcow2(at('disk.qcow2'), { readOnly: false });
    if (process.platform === 'linux') expect(await checkImage(at('disk.qcow2'))).toContain('lock');
    await disk.close();
    expect(await checkImage(at('disk.qcow2'))).toBe('');
  });

  it('can be read by QEMU and by us at the same time, and not be written', async () => {
    await createQcow2(at('disk.qcow2'), { virtualSize: 1_000_000 });
    const disk = await openQcow2(at('disk.qcow2'), { readOnly: true });
    expect(await checkImage(at('disk.qcow2'))).toBe('');
    if (process.platform === 'linux') {
      await expect(qemuImg('resize', '-f', 'qcow2', at('disk.qcow2'), '5M')).rejects.toThrow(/lock/);
    }
    await disk.close();
  });

  it('are what convertDisk makes of any disk, without its zeros', async () => {
    const model = sample();
    await writeFile(at('sample.raw'), model);
    const source = await openDisk(at('sample.raw'), { readOnly: true });
    await convertDisk(source, at('copy.qcow2'), { virtualSize: 10 * 2 ** 20 });
    await source.close();
    expect(await checkImage(at('copy.qcow2'))).toBe('');
    expect(await sameContents(at('copy.qcow2'), 'qcow2', at('sample.raw'), 'raw')).toBe(true);
    const { fileSize, virtualSize } = await inspectDisk(at('copy.qcow2'));
    expect(virtualSize).toBe(10 * 2 ** 20);
    expect(fileSize).toBeLessThan(1_900_000);
  });

  it('tell qemu-img the same as us', async () => {
    await mkdir(at('base'));
    await createQcow2(at('base/base.qcow2'), { virtualSize: 3_000_000 });
    await createQcow2(at('disk.qcow2'), {
      virtualSize: 5_000_000,
      clusterSize: 4096,
      backingFile: 'base/base.qcow2',
    });
    const qemu = JSON.parse(await qemuImg('info', '--output=json', at('disk.qcow2'))) as Record<
      string,
      unknown
    >;
    const ours = await inspectDisk(at('disk.qcow2'));
    expect(qemu).toMatchObject({
      'virtual-size': ours.virtualSize,
      'actual-size': ours.fileSize,
      'cluster-size': ours.clusterSize,
      'backing-filename': ours.backingFile,
      'backing-filename-format': ours.backingFormat,
      'full-backing-filename': ours.backingPath,
      'format-specific': { data: { compat: '1.1', 'lazy-refcounts': true, corrupt: false } },
    });
  });
});
