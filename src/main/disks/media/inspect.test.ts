import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memorySource } from './byte-source';
import { inspectMedium, inspectSource } from './inspect';
import { fatFloppy, isoImage, linuxKernel, mbrDisk, type IsoOptions } from './test-images';

const look = (bytes: Uint8Array) => inspectSource(memorySource(bytes), 'image');
const iso = (options: IsoOptions) => look(isoImage({ boot: [bios], ...options }));

const bios = { platform: 0, media: 0, data: new Uint8Array(2048) };
const uefi = { platform: 0xef, media: 0, data: new Uint8Array(4096) };
const kernel32 = linuxKernel({ bits: 32, version: '6.1.0-18-686' });
const kernel64 = linuxKernel({ bits: 64, version: '6.1.0-18-amd64' });
const empty = new Uint8Array(0);

describe('a file that is no image', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vivarium-media-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is refused with what is wrong with it', async () => {
    const nothing = join(folder, 'empty.iso');
    await writeFile(nothing, '');
    await mkdir(join(folder, 'folder.iso'));
    await expect(inspectMedium(nothing)).rejects.toMatchObject({ code: 'medium.empty' });
    await expect(inspectMedium(join(folder, 'folder.iso'))).rejects.toMatchObject({
      code: 'file.not-a-file',
    });
    await expect(inspectMedium(join(folder, 'none.iso'))).rejects.toMatchObject({ code: 'file.not-found' });
  });

  it.skipIf(process.platform === 'win32')('may be a device', async () => {
    await expect(inspectMedium('/dev/null')).rejects.toMatchObject({ code: 'file.not-a-file' });
  });

  it('that is something else is “unknown”', async () => {
    const path = join(folder, 'notes.iso');
    await writeFile(path, 'Dear diary, today I learned what El Torito is.\n');
    expect(await inspectMedium(path)).toMatchObject({
      path,
      fileName: 'notes.iso',
      kind: 'unknown',
      bootable: false,
      guest: 'other',
      warnings: [],
    });
  });

  it('that is an archive is told how to be unpacked', async () => {
    const report = await look(Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(2000)]));
    expect(report).toMatchObject({ kind: 'unknown', evidence: ['ZIP archive'] });
    expect(report.warnings).toEqual([expect.objectContaining({ code: 'disk.unknown-format' })]);
  });

  it('of many gigabytes is looked at in no time', async () => {
    const path = join(folder, 'huge.img');
    await writeFile(path, '');
    await truncate(path, 2 ** 40);
    const begin = performance.now();
    expect(await inspectMedium(path)).toMatchObject({ kind: 'disk', format: 'raw', virtualSize: 2 ** 40 });
    expect(performance.now() - begin).toBeLessThan(30_000);
  });
});

describe('a CD image', () => {
  it('of Debian is known by .disk/info, with the kernel in it', async () => {
    const report = await iso({
      volumeId: 'Debian 12.5.0 i386 n',
      files: {
        '.disk/info':
          'Debian GNU/Linux 12.5.0 "Bookworm" - Official i386 NETINST with firmware 20240210-11:28\n',
        'install.386/vmlinuz': kernel32,
      },
      boot: [bios, uefi],
    });
    expect(report).toMatchObject({
      kind: 'cdrom',
      guest: 'debian',
      title: 'Debian GNU/Linux 12.5.0 i386 netinst',
      volumeId: 'Debian 12.5.0 i386 n',
      architecture: 'i386',
      kernelBits: [32],
      bootable: true,
      firmware: ['bios', 'uefi'],
      warnings: [],
    });
    expect(report.evidence).toEqual(
      expect.arrayContaining([
        'El Torito boot image (BIOS)',
        'El Torito boot image (UEFI)',
        '/install.386/vmlinuz: 32-bit Linux 6.1.0-18-686',
      ]),
    );
  });

  it('is read by plain names as well, where dots are underscores', async () => {
    const report = await iso({
      plainNames: true,
      files: {
        '.disk/info': 'Ubuntu 16.04.7 LTS "Xenial Xerus" - Release i386 (20200806)',
        'casper/vmlinuz': kernel32,
      },
    });
    expect(report).toMatchObject({ guest: 'ubuntu', title: 'Ubuntu 16.04.7 LTS i386', kernelBits: [32] });
  });

  it('with kernels of both widths runs on both', async () => {
    const report = await iso({ files: { 'install.386/vmlinuz': kernel32, 'install.amd/vmlinuz': kernel64 } });
    expect(report).toMatchObject({ guest: 'debian', architecture: 'i386', kernelBits: [32, 64] });
  });

  it.each<[string, IsoOptions, Record<string, unknown>]>([
    [
      'Starter Linux',
      { volumeId: 'STARTER_LINUX', files: { 'boot/vmlinuz': kernel32 } },
      { guest: 'starter-linux', title: 'Starter Linux', kernelBits: [32] },
    ],
    [
      'Alpine',
      {
        volumeId: 'alpine-virt 3.24.1 x86',
        files: { '.alpine-release': 'alpine-virt-3.24.1 260610\n', 'boot/vmlinuz-virt': kernel32 },
      },
      { guest: 'alpine', title: 'Alpine Linux 3.24.1 (virt)', architecture: 'i386' },
    ],
    [
      'Tiny Core',
      { volumeId: 'TinyCore', files: { 'boot/core.gz': 'x', 'boot/vmlinuz': kernel32 } },
      { guest: 'tinycore', kernelBits: [32] },
    ],
    [
      'Arch',
      { volumeId: 'ARCH_202401', files: { 'arch/boot/x86_64/vmlinuz-linux': kernel64 } },
      { guest: 'arch', title: 'Arch Linux 2024.01', architecture: 'x86_64', kernelBits: [64] },
    ],
    [
      'Arch 32',
      { volumeId: 'ARCH32_202401', files: { 'arch/boot/i686/vmlinuz-linux': kernel32 } },
      { guest: 'arch32', architecture: 'i386' },
    ],
    [
      'Fedora',
      { volumeId: 'Fedora-WS-Live-39-1-5', files: { 'images/pxeboot/vmlinuz': kernel64 } },
      { guest: 'fedora', title: 'Fedora WS Live 39 1 5', kernelBits: [64] },
    ],
    [
      'a Linux that nobody knows',
      { files: { 'README.diskdefines': '#define DISKNAME  Some Linux 3.0\n', 'live/vmlinuz': kernel64 } },
      { guest: 'linux', title: 'Some Linux 3.0', architecture: 'x86_64' },
    ],
    [
      'FreeDOS',
      { volumeId: 'FD13-LiveCD', files: { 'freedos/': '' } },
      { guest: 'freedos', title: 'FreeDOS 1.3', architecture: 'i386', kernelBits: [16] },
    ],
    ['ReactOS', { volumeId: 'REACTOS', files: { 'reactos/': '' } }, { guest: 'reactos', kernelBits: [32] }],
    [
      'Windows 10 for 64 bits',
      {
        volumeId: 'CCCOMA_X64FRE_EN-US_DV9',
        files: { 'sources/boot.wim': 'x', 'efi/boot/bootx64.efi': 'x' },
      },
      { guest: 'windows', architecture: 'x86_64', kernelBits: [64] },
    ],
    [
      'Windows XP',
      { volumeId: 'GRTMPVOL_EN', publisher: 'MICROSOFT CORPORATION', files: { 'I386/SETUPLDR.BIN': 'x' } },
      { guest: 'windows-nt', architecture: 'i386', kernelBits: [32] },
    ],
    [
      'Memtest86+',
      { volumeId: 'MT86PLUS_64' },
      { guest: 'memtest', title: 'Memtest86+', architecture: 'x86_64', kernelBits: [64] },
    ],
    ['Windows 98', { volumeId: 'WIN98 SE', files: { 'win98/': '' } }, { guest: 'windows-9x' }],
    [
      'FreeBSD',
      { volumeId: '13_2_RELEASE_AMD64_CD', files: { 'boot/loader': 'x' } },
      { guest: 'freebsd', title: 'FreeBSD 13.2', architecture: 'x86_64', kernelBits: [64] },
    ],
    [
      'OpenBSD',
      { volumeId: 'OpenBSD/i386   7.4 Install CD' },
      { guest: 'openbsd', title: 'OpenBSD 7.4', architecture: 'i386', kernelBits: [32] },
    ],
    [
      'NetBSD',
      { volumeId: 'NETBSD_93_AMD64', files: { netbsd: 'x' } },
      { guest: 'netbsd', kernelBits: [64] },
    ],
    [
      'KolibriOS, which starts from a floppy image in the CD',
      {
        boot: [
          { platform: 0, media: 2, data: fatFloppy({ oemName: 'KOLIBRI', files: { 'KERNEL.MNT': empty } }) },
        ],
      },
      { guest: 'kolibrios', kernelBits: [32] },
    ],
  ])('of %s is recognised', async (_, options, expected) => {
    expect(await iso(options)).toMatchObject({ kind: 'cdrom', bootable: true, ...expected });
  });

  it('of Haiku is known by the Be File System beside it', async () => {
    const image = isoImage({ boot: [bios], volumeId: 'bootimg' });
    image.set(mbrDisk([[0xeb, 64, 100]]).subarray(0, 512), 0);
    image.set(Buffer.from('Haiku\0'), 64 * 512 + 512);
    image.set(Buffer.from('1SFB'), 64 * 512 + 512 + 32);
    expect(await look(image)).toMatchObject({ kind: 'cdrom', guest: 'haiku', title: 'Haiku' });
  });

  it('that is UDF only is recognised, with its name', async () => {
    const image = isoImage({ udf: 'only' });
    const disc = new Uint8Array(300 * 2048);
    disc.set(image);
    const anchor = Buffer.alloc(512);
    anchor.writeUInt16LE(2, 0);
    anchor.writeUInt32LE(4 * 2048, 16);
    anchor.writeUInt32LE(260, 20);
    disc.set(anchor, 256 * 2048);
    const volume = Buffer.alloc(512);
    volume.writeUInt16LE(1, 0);
    volume[24] = 8;
    volume.set(Buffer.from('CCCOMA_X64FRE'), 25);
    volume[24 + 31] = 14;
    disc.set(volume, 260 * 2048);
    expect(await look(disc)).toMatchObject({ kind: 'cdrom', volumeId: 'CCCOMA_X64FRE', bootable: false });
  });

  it('without a boot record is no hindrance, but is said', async () => {
    const report = await iso({ boot: [] });
    expect(report).toMatchObject({ kind: 'cdrom', bootable: false });
    expect(report.warnings).toEqual([expect.objectContaining({ code: 'medium.not-bootable' })]);
  });

  it('that was cut off is recognised all the same', async () => {
    const image = isoImage({ boot: [bios], volumeId: 'STARTER_LINUX', files: { 'boot/vmlinuz': kernel32 } });
    const report = await look(image.subarray(0, image.length - 50_000));
    expect(report.guest).toBe('starter-linux');
    expect(report.warnings).toEqual([
      expect.objectContaining({
        code: 'medium.truncated',
        message: expect.stringContaining(String(image.length)),
      }),
    ]);
  });

  it('that starts from UEFI only says so', async () => {
    expect(await iso({ boot: [uefi] })).toMatchObject({ bootable: true, firmware: ['uefi'] });
  });
});

describe('a kernel', () => {
  it.each([
    ['by its flags, 32-bit', linuxKernel({ bits: 32, version: '6.1.0-18-686' }), 32, 'i386', '6.1.0-18-686'],
    ['by its flags, 64-bit', linuxKernel({ bits: 64, version: '6.6.1' }), 64, 'x86_64', '6.6.1'],
    [
      'from before the flags, by its switch to long mode',
      linuxKernel({ bits: 64, protocol: 0x209, code: Uint8Array.of(0xb9, 0x80, 0, 0, 0xc0, 0x0f, 0x32) }),
      64,
      'x86_64',
      '',
    ],
    ['from before the flags, without that', linuxKernel({ bits: 32, protocol: 0x204 }), 32, 'i386', ''],
  ])('is told %s', async (_, bytes, bits, architecture, version) => {
    const report = await look(bytes);
    expect(report).toMatchObject({ kind: 'kernel', guest: 'linux', architecture, kernelBits: [bits] });
    expect(report.evidence[0]).toBe(
      `the file itself: ${bits}-bit Linux${version === '' ? '' : ` ${version}`}`,
    );
  });

  it('for IBM Z is told by its entry point', async () => {
    const kernel = Buffer.alloc(128 * 1024);
    kernel.write('S390EP', 0x10008, 'latin1');
    expect(await look(kernel)).toMatchObject({ kind: 'kernel', architecture: 's390x', kernelBits: [64] });
  });

  it('for POWER is found on a CD that Open Firmware starts', async () => {
    const elf = Buffer.alloc(128 * 1024);
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 0);
    elf.writeUInt16LE(2, 16);
    elf.writeUInt16LE(21, 18);
    const files = { '/ppc/bootinfo.txt': Buffer.from('<chrp-boot>'), '/install/vmlinux': elf };
    expect(await look(isoImage({ files }))).toMatchObject({
      kind: 'cdrom',
      bootable: true,
      firmware: ['bios'],
      architecture: 'ppc64',
    });
  });

  it('in ELF format is told by its header', async () => {
    const elf = Buffer.alloc(4096);
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 0);
    elf.writeUInt16LE(2, 16);
    elf.writeUInt16LE(183, 18);
    expect(await look(elf)).toMatchObject({ kind: 'kernel', architecture: 'aarch64', kernelBits: [64] });
  });
});

describe('a floppy image', () => {
  it.each([
    ['FreeDOS', { oemName: 'FRDOS5.1', message: 'FreeDOS', files: { 'KERNEL.SYS': empty } }, 'freedos', [16]],
    [
      'MS-DOS',
      { message: 'IO      SYSMSDOS   SYS', files: { 'IO.SYS': empty, 'MSDOS.SYS': empty } },
      'msdos',
      [16],
    ],
    ['KolibriOS', { oemName: 'KOLIBRI ', files: { 'KERNEL.MNT': empty } }, 'kolibrios', [32]],
    ['a Linux kernel', { files: { LINUX: kernel32 } }, 'linux', [32]],
  ])('with %s is recognised', async (_, options, guest, kernelBits) => {
    expect(await look(fatFloppy(options))).toMatchObject({
      kind: 'floppy',
      bootable: true,
      guest,
      kernelBits,
    });
  });

  it.each([163840, 184320, 327680, 368640, 737280, 1228800, 1474560, 2949120])(
    'may have %i bytes',
    async (size) => {
      const report = await look(fatFloppy({ size }));
      expect(report).toMatchObject({ kind: 'floppy', size });
      expect(report.evidence[0]).toMatch(/^size of a .* floppy$/);
    },
  );

  it('whose boot sector only prints a message is not bootable', async () => {
    const data = await look(fatFloppy({ message: 'IO      SYSMSDOS   SYS' }));
    expect(data).toMatchObject({ kind: 'floppy', bootable: false });
    expect(await look(fatFloppy({ message: 'This is not a bootable disk.' }))).toMatchObject({
      bootable: false,
    });
    expect(await look(fatFloppy({ bootSignature: false }))).toMatchObject({ bootable: false });
  });

  it('that is shorter than its boot sector says is cut off', async () => {
    const report = await look(fatFloppy({ size: 1_000_448, sectors: 2880 }));
    expect(report.kind).toBe('floppy');
    expect(report.warnings.map(({ code }) => code)).toContain('medium.truncated');
  });
});

describe('a disk image', () => {
  it('with an MBR tells what is on it', async () => {
    const report = await look(
      mbrDisk([
        [0x83, 2048, 4096],
        [0x82, 6144, 1024],
      ]),
    );
    expect(report).toMatchObject({
      kind: 'disk',
      format: 'raw',
      bootable: true,
      firmware: ['bios'],
      guest: 'linux',
    });
    expect(report.evidence[0]).toBe('MBR partition table: Linux, Linux');
  });

  it('with a partition but no boot code does not start', async () => {
    const report = await look(mbrDisk([[0x0c, 2048, 4096]], 4 * 1024 * 1024, false));
    expect(report).toMatchObject({ kind: 'disk', bootable: false });
    expect(report.warnings[0]?.code).toBe('medium.not-bootable');
  });

  it('with a GPT and an EFI system partition starts from UEFI', async () => {
    const disk = mbrDisk([[0xee, 1, 8191]], 4 * 1024 * 1024, false);
    const header = Buffer.alloc(512);
    header.write('EFI PART');
    header.writeUInt32LE(2, 72);
    header.writeUInt32LE(128, 80);
    header.writeUInt32LE(128, 84);
    disk.set(header, 512);
    const entry = Buffer.alloc(128);
    entry.set(Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex'), 0);
    entry.writeUInt32LE(2048, 32);
    entry.writeUInt32LE(4095, 40);
    disk.set(entry, 1024);
    const report = await look(disk);
    expect(report).toMatchObject({ kind: 'disk', firmware: ['uefi'] });
    expect(report.evidence[0]).toBe('GPT partition table: EFI system partition');
  });

  it('of nothing but zeros is a blank disk', async () => {
    expect(await look(new Uint8Array(2 ** 21))).toMatchObject({
      kind: 'disk',
      format: 'raw',
      bootable: false,
    });
  });

  it('in a format of its own is known by its header', async () => {
    const qcow2 = Buffer.alloc(65536);
    qcow2.write('QFI\xfb', 'latin1');
    qcow2.writeUInt32BE(3, 4);
    qcow2.writeUInt32BE(1, 24);
    expect(await look(qcow2)).toMatchObject({
      kind: 'disk',
      format: 'qcow2',
      virtualSize: 2 ** 32,
      bootable: true,
    });
    const vhd = Buffer.alloc(4096);
    vhd.write('conectix', 4096 - 512);
    vhd.writeUInt32BE(1024, 4096 - 512 + 52);
    expect(await look(vhd)).toMatchObject({ kind: 'disk', format: 'vhd', virtualSize: 1024 });
  });
});
