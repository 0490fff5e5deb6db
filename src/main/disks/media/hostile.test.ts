import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediumReport } from '@shared/media/report';
import { memorySource, readBudget, type ByteSource } from './byte-source';
import { inspectSource } from './inspect';
import { isoImage, linuxKernel, fatFloppy, mbrDisk } from './test-images';

/** A source that counts what is read of it. */
function counted(bytes: Uint8Array): ByteSource & { bytes: number; reads: number } {
  const source = memorySource(bytes);
  const counter = {
    size: bytes.length,
    bytes: 0,
    reads: 0,
    async read(offset: number, length: number) {
      const read = await source.read(offset, length);
      counter.reads++;
      counter.bytes += read.length;
      return read;
    },
  };
  return counter;
}

async function inspectAndCheck(bytes: Uint8Array): Promise<void> {
  const source = counted(bytes);
  const report = mediumReport.safeParse({ path: '/x', ...(await inspectSource(source, 'x')) });
  expect(report.error).toBeUndefined();
  expect(source.bytes).toBeLessThanOrEqual(readBudget.bytes);
  expect(source.reads).toBeLessThanOrEqual(readBudget.reads);
  for (const line of report.data?.evidence ?? []) {
    // Text out of the image cannot carry control characters or anything endless to the screen.
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(line.length).toBeLessThan(400);
  }
}

const kernel = linuxKernel({ bits: 32, version: '6.1.0', size: 66_000 });
const images = {
  iso: isoImage({
    boot: [
      { platform: 0, media: 2, data: fatFloppy({ files: { 'KERNEL.SYS': new Uint8Array(4) } }) },
      { platform: 0xef, media: 0, data: new Uint8Array(2048) },
    ],
    files: {
      '.disk/info': 'Debian GNU/Linux 12',
      'boot/vmlinuz': kernel,
      'live/a/b/c': 'x',
      'install.386/vmlinuz': kernel,
    },
    udf: 'bridge',
  }),
  floppy: fatFloppy({ files: { LINUX: kernel, 'IO.SYS': new Uint8Array(3) } }),
  disk: mbrDisk([[0xeb, 64, 128]]),
  kernel,
};

/** Where the structures are, so that mutations hit something. */
const interesting = {
  iso: [16 * 2048, 26 * 2048 + 60 * 2048],
  floppy: [0, 20 * 512],
  disk: [0, 1024],
  kernel: [0, 0x500],
} satisfies Record<keyof typeof images, [number, number]>;

describe.each(Object.keys(images) as (keyof typeof images)[])('a damaged %s', (name) => {
  const image = images[name];
  const [from, to] = interesting[name];
  // Bounded in time as well as in number, and every value of a byte is as good as any other.
  const runs = { numRuns: 300, interruptAfterTimeLimit: 8000, markInterruptAsFailure: false };

  it('is read to a bounded amount, and never brings anything down', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: from, max: Math.min(to, image.length) - 4 }), fc.integer()), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.boolean(),
        async (mutations, wide) => {
          const damaged = Buffer.from(image);
          for (const [at, value] of mutations) {
            if (wide) damaged.writeInt32LE(value, at);
            else damaged[at] = value & 0xff;
          }
          await inspectAndCheck(damaged);
        },
      ),
      runs,
    );
  });

  it('may end anywhere', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: image.length }), (length) =>
        inspectAndCheck(image.subarray(0, length)),
      ),
      runs,
    );
  });
});

describe('an image made to trap', () => {
  it('with a directory that contains itself, is left again', async () => {
    const image = Buffer.from(isoImage({ files: { 'boot/vmlinuz': kernel } }));
    // The record of “boot” in the root directory, made to point at the root directory.
    const root = image.readUInt32LE(16 * 2048 + 156 + 2);
    const record = root * 2048 + 34 * 2;
    image.writeUInt32LE(root, record + 2);
    await inspectAndCheck(image);
  });

  it('with a directory as long as a DVD, is read no further than its beginning', async () => {
    const image = Buffer.from(isoImage({ files: { '.disk/info': 'Debian GNU/Linux 12.5.0 amd64' } }));
    image.writeUInt32LE(0xffffffff, 16 * 2048 + 156 + 10);
    const source = counted(Buffer.concat([image, Buffer.alloc(64 * 1024 * 1024, 0x22)]));
    expect((await inspectSource(source, 'x')).guest).toBe('debian');
    expect(source.bytes).toBeLessThan(2 * 1024 * 1024);
  });

  it('with thousands of names that continue elsewhere, ends when the budget is spent', async () => {
    const entries = 3000;
    const directory = Buffer.alloc(entries * 64);
    for (let index = 0; index < entries; index++) {
      const at = index * 64;
      directory[at] = 64;
      directory.writeUInt32LE(30, at + 2);
      directory[at + 32] = 1;
      directory.write('A', at + 33, 'latin1');
      directory.write('CE', at + 34, 'latin1');
      directory[at + 36] = 28;
      directory[at + 37] = 1;
      directory.writeUInt32LE(20, at + 38);
      directory.writeUInt32LE(2048, at + 34 + 20);
    }
    const image = Buffer.from(isoImage({}));
    image.writeUInt32LE(24, 16 * 2048 + 156 + 2);
    image.writeUInt32LE(directory.length, 16 * 2048 + 156 + 10);
    const trap = Buffer.alloc(24 * 2048 + directory.length);
    trap.set(image.subarray(0, 24 * 2048));
    trap.set(directory, 24 * 2048);
    const source = counted(trap);
    const report = await inspectSource(source, 'x');
    expect(source.reads).toBeLessThanOrEqual(readBudget.reads);
    expect(report.evidence).toContain('not looked at further: the image is too intricate');
  });

  it('with text that would disturb a screen, has it cleaned', async () => {
    const report = await inspectSource(
      memorySource(
        isoImage({ volumeId: 'A\x1b[31m\x07B', files: { '.disk/info': 'Debian\u0000\n\x1b]0;evil\x07 12' } }),
      ),
      'x',
    );
    expect(report.volumeId).toBe('A [31m B');
    expect(report.title).not.toMatch(/\p{Cc}/u);
  });
});
