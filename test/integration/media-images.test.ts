import { execFile } from 'node:child_process';
import { chmod, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectMedium } from '../../src/main/disks/media/inspect';
import { fatFloppy, linuxKernel } from '../../src/main/disks/media/test-images';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { asOrdinaryUser } from '../helpers/ordinary-user';
import { temporaryFolder } from '../helpers/temp-folder';

/** Images as other programs make them: xorriso, mtools, dosfstools, QEMU, and our own Starter Linux. */

const run = promisify(execFile);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder('media');
});
afterAll(() => folder.remove());

/** The suite, or its loud absence. */
function suite(name: string, programs: string[], tests: (found: Record<string, string>) => void): void {
  const found = Object.fromEntries(programs.map((program) => [program, findProgram(program) ?? '']));
  const missing = programs.filter((program) => found[program] === '');
  if (missing.length > 0) sayWhySkipped(name, `not installed: ${missing.join(', ')}`);
  describe.skipIf(missing.length > 0)(name, () => tests(found));
}

suite('ISO images by xorriso', ['xorriso'], ({ xorriso = '' }) => {
  const make = async (name: string, tree: string, ...options: string[]): Promise<string> => {
    await run(xorriso, ['-as', 'mkisofs', '-quiet', '-o', at(name), ...options, at(tree)]);
    return at(name);
  };

  beforeAll(async () => {
    await mkdir(at('tree', '.disk'), { recursive: true });
    await mkdir(at('tree', 'install.amd'), { recursive: true });
    await mkdir(at('tree', 'boot', 'a folder with a name that is much longer than thirty-one characters'), {
      recursive: true,
    });
    await writeFile(
      at('tree', '.disk', 'info'),
      'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 NETINST\n',
    );
    await writeFile(
      at('tree', 'install.amd', 'vmlinuz'),
      linuxKernel({ bits: 64, version: '6.12.41+deb13-amd64' }),
    );
    await writeFile(at('tree', 'boot', 'bios.img'), Buffer.alloc(4096, 0xf4));
    await writeFile(at('tree', 'boot', 'efi.img'), fatFloppy());
    // Enough names for a directory of several sectors, with the one that matters at the end.
    for (let index = 0; index < 200; index++) await writeFile(at('tree', 'boot', `module-${index}.mod`), 'x');
    await writeFile(at('tree', 'boot', 'vmlinuz-zz'), linuxKernel({ bits: 64, version: '6.12.0' }));
  });

  const bootOptions = [
    ...['-b', 'boot/bios.img', '-no-emul-boot', '-boot-load-size', '4'],
    ...['-eltorito-alt-boot', '-e', 'boot/efi.img', '-no-emul-boot'],
  ];
  const expected = {
    kind: 'cdrom',
    guest: 'debian',
    bootable: true,
    firmware: ['bios', 'uefi'],
    architecture: 'x86_64',
    kernelBits: [64],
    warnings: [],
  };

  it('with Rock Ridge and Joliet', async () => {
    const path = await make(
      'rock-ridge.iso',
      'tree',
      '-R',
      '-J',
      '-V',
      'Debian 13.1.0 amd64 n',
      ...bootOptions,
    );
    const report = await inspectMedium(path);
    expect(report).toMatchObject({ ...expected, title: 'Debian GNU/Linux 13.1.0 amd64 netinst' });
    expect(report.evidence).toEqual(
      expect.arrayContaining([
        '/install.amd/vmlinuz: 64-bit Linux 6.12.41+deb13-amd64',
        '/boot/vmlinuz-zz: 64-bit Linux 6.12.0',
      ]),
    );
  });

  it('with a partition table, to be written to a USB stick', async () => {
    const path = await make(
      'hybrid.iso',
      'tree',
      ...['-R', '-V', 'HYBRID', ...bootOptions, '-isohybrid-gpt-basdat', '-part_like_isohybrid'],
      ...['-append_partition', '2', '0xef', at('tree', 'boot', 'efi.img')],
    );
    const report = await inspectMedium(path);
    expect(report).toMatchObject(expected);
    expect(report.evidence.join()).toContain('also a disk image (GPT partition table)');
  });

  it('cut off in the middle', async () => {
    const whole = await make('whole.iso', 'tree', '-R', '-V', 'CUT', ...bootOptions);
    const bytes = await readFile(whole);
    await writeFile(at('cut.iso'), bytes.subarray(0, bytes.length >> 1));
    const report = await inspectMedium(at('cut.iso'));
    expect(report.kind).toBe('cdrom');
    expect(report.warnings.map(({ code }) => code)).toEqual(['medium.truncated']);
  });
});

suite('floppies by mtools', ['mformat', 'mcopy'], ({ mformat = '', mcopy = '' }) => {
  it.each([
    ['360', 368_640],
    ['720', 737_280],
    ['1440', 1_474_560],
    ['2880', 2_949_120],
  ])('of %s KB', async (format, size) => {
    const path = at(`${format}.img`);
    await run(mformat, ['-C', '-f', format, '-v', 'DRIVERS', '-i', path, '::']);
    await writeFile(at('KERNEL.SYS'), 'kernel');
    await writeFile(at('COMMAND.COM'), 'shell');
    await run(mcopy, ['-o', '-i', path, at('KERNEL.SYS'), at('COMMAND.COM'), '::']);
    expect(await inspectMedium(path)).toMatchObject({
      kind: 'floppy',
      size,
      guest: 'freedos',
      kernelBits: [16],
    });
  });

  it('with a Linux kernel in it', async () => {
    const path = at('linux.img');
    await run(mformat, ['-C', '-f', '1440', '-i', path, '::']);
    await writeFile(at('linux'), linuxKernel({ bits: 32, version: '5.10.0' }));
    await run(mcopy, ['-i', path, at('linux'), '::LINUX']);
    const report = await inspectMedium(path);
    expect(report).toMatchObject({ guest: 'linux', kernelBits: [32] });
    expect(report.evidence).toContain('LINUX: 32-bit Linux 5.10.0');
  });
});

suite('disks by dosfstools', ['mkfs.fat'], ({ 'mkfs.fat': mkfs = '' }) => {
  it('that only print a message', async () => {
    await run(mkfs, ['-F', '32', '-C', at('fat32.img'), '65536']);
    expect(await inspectMedium(at('fat32.img'))).toMatchObject({
      kind: 'disk',
      format: 'raw',
      bootable: false,
    });
  });
});

suite('disks by QEMU', ['qemu-img'], ({ 'qemu-img': qemuImg = '' }) => {
  const size = 64 * 1024 * 1024;

  it.each([
    ['qcow2', 'qcow2', []],
    ['vmdk', 'vmdk', []],
    ['vdi', 'vdi', []],
    ['vpc', 'vhd', ['-o', 'force_size=on']],
    ['vpc', 'vhd', ['-o', 'force_size=on,subformat=fixed']],
    ['vhdx', 'vhdx', []],
  ])('in %s format, known as %s', async (qemuFormat, format, options) => {
    const path = at(`disk-${options.length}-${options[1]?.length ?? 0}.${format}`);
    await run(qemuImg, ['create', '-q', '-f', qemuFormat, ...options, path, String(size)]);
    const report = await inspectMedium(path);
    expect(report).toMatchObject({ kind: 'disk', format, bootable: true });
    if (format !== 'vhdx') expect(report.virtualSize).toBe(size);
  });
});

const starter = fileURLToPath(new URL('../../resources/guests/starter-linux.iso', import.meta.url));
if (!existsSync(starter)) sayWhySkipped('Starter Linux, inspected', 'it has not been built here');
describe.skipIf(!existsSync(starter))('Starter Linux', () => {
  it('is known by its image', async () => {
    const report = await inspectMedium(starter);
    expect(report).toMatchObject({
      kind: 'cdrom',
      guest: 'starter-linux',
      title: 'Starter Linux',
      bootable: true,
      architecture: 'i386',
      kernelBits: [32],
      warnings: [],
      size: (await stat(starter)).size,
    });
    expect(report.firmware).toContain('bios');
  });
});

describe.skipIf(process.platform === 'win32')('an image that may not be read', () => {
  it('is refused with the reason', async () => {
    const path = at('secret.iso');
    await writeFile(path, 'x');
    await chmod(folder.path, 0o755);
    await chmod(path, 0);
    await asOrdinaryUser(async () => {
      await expect(inspectMedium(path)).rejects.toMatchObject({
        code: 'file.denied',
        hint: expect.stringContaining('permission'),
      });
    });
  });

  it('or is a pipe, does not keep anybody waiting', async () => {
    const mkfifo = findProgram('mkfifo');
    if (mkfifo === undefined) return sayWhySkipped('a pipe as an image', 'there is no mkfifo');
    await run(mkfifo, [at('pipe')]);
    await expect(inspectMedium(at('pipe'))).rejects.toMatchObject({ code: 'file.not-a-file' });
  });

  it('or shrinks while it is read, is not what it was', async () => {
    const path = at('shrinks.img');
    await writeFile(path, Buffer.alloc(4 * 1024 * 1024));
    const report = inspectMedium(path);
    const file = await open(path, 'r+');
    await file.truncate(1000);
    await file.close();
    expect(['disk', 'unknown']).toContain((await report).kind);
  });
});
