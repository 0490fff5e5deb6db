import { describe, expect, it } from 'vitest';
import type { EngineCapabilities } from '../engine/capabilities';
import { v86Capabilities } from '../engine/engines';
import { diskBusFor, platformFor } from '../engine/qemu/platform';
import type { GalleryEntry } from '../gallery/entry';
import { machineSpec } from '../machine/config';
import type { MediumReport } from '../media/report';
import { defaultsFor } from './defaults';
import { refusal } from './refusal';
import { guestById, guests } from './table';

const qemu: EngineCapabilities = {
  ...v86Capabilities,
  id: 'qemu',
  title: 'QEMU',
  architectures: ['x86_64', 'i386', 'aarch64'],
  bits: 64,
  memoryMiB: { min: 16, max: 1_048_576, default: 2048 },
  maxCpus: 16,
  firmware: ['bios', 'uefi'],
  diskBuses: ['virtio', 'ide'],
  nicModels: ['virtio', 'e1000', 'ne2k'],
  sound: true,
  acpiOptional: false,
};

const report = (changes: Partial<MediumReport>): MediumReport => ({
  path: '/images/image.iso',
  fileName: 'image.iso',
  size: 1,
  kind: 'cdrom',
  bootable: true,
  guest: 'linux',
  architecture: 'i386',
  kernelBits: [32],
  evidence: [],
  warnings: [],
  ...changes,
});

const entry = (changes: Partial<GalleryEntry>): GalleryEntry => ({
  id: 'system',
  name: 'System',
  family: 'linux',
  guest: 'debian',
  architecture: 'i386',
  bits: 32,
  licence: 'MIT',
  description: { en: 'A system.' },
  homepage: 'https://example.org/',
  sizeBytes: null,
  medium: 'cdrom',
  memoryMiB: 768,
  diskMiB: 4096,
  source: { kind: 'page' },
  ...changes,
});

const specOf = (defaults: ReturnType<typeof defaultsFor>, engine: 'v86' | 'qemu' = 'v86') =>
  machineSpec.safeParse({ name: 'Machine', engine, ...defaults });

describe('the guest table', () => {
  it('has every id once, and an entry for what nobody knows', () => {
    expect(new Set(guests.map(({ id }) => id)).size).toBe(guests.length);
    expect(guestById('no such system').id).toBe('other');
  });

  it.each(guests.map(({ id }) => id))(
    'gives %s settings that a machine accepts, on both engines',
    (guest) => {
      for (const capabilities of [v86Capabilities, qemu]) {
        for (const kind of ['cdrom', 'floppy', 'disk'] as const) {
          const defaults = defaultsFor(report({ guest, kind }), capabilities);
          expect(specOf(defaults).error).toBeUndefined();
          expect(capabilities.nicModels).toContain(defaults.nicModel);
          expect(capabilities.firmware).toContain(defaults.firmware);
          expect(capabilities.architectures).toContain(defaults.architecture);
          expect(defaults.memoryMiB).toBeLessThanOrEqual(capabilities.memoryMiB.max);
          expect(defaults.sound && !capabilities.sound).toBe(false);
          for (const device of defaults.boot) expect(capabilities.bootDevices).toContain(device);
        }
      }
    },
  );
});

describe('the hardware of guests', () => {
  const board = (guest: string, firmware: 'bios' | 'uefi' = 'bios') =>
    platformFor({ architecture: 'x86_64', firmware, guest, disks: [] });

  it.each<[string, string, string]>([
    ['debian', 'pc-q35', 'virtio'],
    ['linux-old', 'pc-i440fx', 'ide'],
    ['windows-11', 'pc-q35', 'sata'],
    ['windows-nt', 'pc-i440fx', 'ide'],
    ['windows-9x', 'pc-i440fx', 'ide'],
    ['freedos', 'pc-i440fx', 'ide'],
    ['reactos', 'pc-i440fx', 'ide'],
    ['openbsd', 'pc-q35', 'virtio'],
    ['haiku', 'pc-q35', 'virtio'],
    ['other', 'pc-q35', 'sata'],
  ])('gives %s the board %s and disks on %s', (guest, platform, bus) => {
    expect(board(guest)).toBe(platform);
    expect(diskBusFor('x86_64', guest)).toBe(bus);
    // Boards that are no PC have nothing but virtio.
    expect(diskBusFor('aarch64', guest)).toBe('virtio');
  });

  it('fits together: what a board of 1996 lacks is asked of none of its systems', () => {
    for (const { id, chipset, disks, usb, paravirtual, nics, pointer } of guests) {
      expect(nics.length, id).toBeGreaterThan(0);
      if (chipset === 'i440fx') expect([disks[0], paravirtual], id).toEqual(['ide', false]);
      if (disks[0] === 'virtio') expect(paravirtual, id).toBe(true);
      // A tablet needs a controller; a system without USB points with the PC's mouse.
      if (usb === null) expect(pointer, id).toBe('relative');
    }
  });

  it('has Windows 11 start by UEFI with Secure Boot and a TPM, as far as there is any', () => {
    const windows11 = report({ guest: 'windows-11', architecture: 'x86_64', kernelBits: [64] });
    const trusting = { ...qemu, secureBoot: ['x86_64' as const], tpm: true };
    expect(defaultsFor(windows11, trusting)).toMatchObject({
      firmware: 'uefi',
      secureBoot: true,
      tpm: true,
      cpus: 2,
    });
    expect(defaultsFor(windows11, qemu)).toMatchObject({ firmware: 'uefi', secureBoot: false, tpm: false });
    expect(defaultsFor(windows11, { ...trusting, firmware: ['bios'] })).not.toHaveProperty('secureBoot');
    expect(defaultsFor(report({ guest: 'windows-10' }), trusting)).not.toHaveProperty('tpm');
  });
});

describe('the defaults', () => {
  it('insert a CD, and let an installed disk start before it', () => {
    const defaults = defaultsFor(report({}), v86Capabilities);
    expect(defaults).toMatchObject({
      cdrom: '/images/image.iso',
      floppy: null,
      disk: { kind: 'new', sizeMiB: 8192 },
    });
    expect(defaults.boot[0]).toBe('disk');
  });

  it('insert a floppy, and start from it first', () => {
    const defaults = defaultsFor(
      report({ kind: 'floppy', guest: 'freedos', kernelBits: [16] }),
      v86Capabilities,
    );
    expect(defaults).toMatchObject({
      cdrom: null,
      floppy: '/images/image.iso',
      acpi: false,
      nicModel: 'ne2k',
    });
    expect(defaults.boot[0]).toBe('floppy');
  });

  it('copy a disk', () => {
    const defaults = defaultsFor(report({ kind: 'disk', format: 'qcow2' }), v86Capabilities);
    expect(defaults).toMatchObject({ disk: { kind: 'copy', path: '/images/image.iso' }, cdrom: null });
  });

  it('stay within what the engine has', () => {
    expect(defaultsFor(entry({ memoryMiB: 16384 }), v86Capabilities).memoryMiB).toBe(2032);
    expect(defaultsFor(report({}), { ...v86Capabilities, maxNics: 0 }).nicModel).toBeNull();
    expect(defaultsFor(report({}), { ...v86Capabilities, maxDisks: 0 }).disk).toEqual({ kind: 'none' });
  });

  it('take memory and disk of a gallery entry, and its image once it is there', () => {
    expect(defaultsFor(entry({}), v86Capabilities)).toMatchObject({ memoryMiB: 768, cdrom: null });
    expect(defaultsFor(entry({}), v86Capabilities, '/media/x.iso')).toMatchObject({
      cdrom: '/media/x.iso',
      disk: { kind: 'new', sizeMiB: 4096 },
    });
  });

  it('choose the firmware that the image starts from, and the wider processor where there is one', () => {
    expect(defaultsFor(report({ firmware: ['uefi'] }), qemu).firmware).toBe('uefi');
    expect(defaultsFor(report({ firmware: ['bios', 'uefi'] }), qemu).firmware).toBe('bios');
    expect(defaultsFor(report({ kernelBits: [32, 64] }), qemu).architecture).toBe('x86_64');
    expect(defaultsFor(report({ kernelBits: [32, 64] }), v86Capabilities).architecture).toBe('i386');
    expect(
      defaultsFor(report({ architecture: 'unknown', kernelBits: [] }), v86Capabilities).architecture,
    ).toBe('i386');
  });
});

describe('the refusal', () => {
  it.each<[string, MediumReport | GalleryEntry]>([
    ['a 32-bit system', report({})],
    ['a 16-bit system', report({ guest: 'freedos', kernelBits: [16] })],
    ['kernels of both widths', report({ kernelBits: [32, 64] })],
    ['what nobody knows', report({ guest: 'other', architecture: 'unknown', kernelBits: [] })],
    ['a disk that is not bootable', report({ kind: 'disk', format: 'raw', bootable: false })],
    ['a 32-bit entry of the gallery', entry({})],
  ])('lets %s run on the embedded engine', (_, source) => {
    expect(refusal(source, v86Capabilities)).toBeUndefined();
  });

  it.each<[string, MediumReport | GalleryEntry]>([
    ['a 64-bit kernel', report({ architecture: 'x86_64', kernelBits: [64] })],
    ['a 64-bit system without a known kernel', report({ architecture: 'x86_64', kernelBits: [] })],
    ['a 64-bit entry of the gallery', entry({ architecture: 'x86_64', bits: 64 })],
  ])('keeps %s from the embedded engine, and names what runs it', (_, source) => {
    expect(refusal(source, v86Capabilities)).toMatchObject({
      code: 'engine.unsupported',
      message: expect.stringContaining('64-bit'),
      hint: expect.stringContaining('QEMU'),
    });
    expect(refusal(source, qemu)).toBeUndefined();
  });

  it('keeps an image that starts from UEFI only from a BIOS', () => {
    const source = report({ firmware: ['uefi'] });
    expect(refusal(source, v86Capabilities)).toMatchObject({
      code: 'engine.unsupported',
      message: expect.stringContaining('UEFI'),
    });
    expect(refusal(source, qemu)).toBeUndefined();
    expect(refusal(report({ firmware: ['bios', 'uefi'] }), v86Capabilities)).toBeUndefined();
  });

  it('keeps another processor’s system away', () => {
    const source = report({ architecture: 'riscv64', kernelBits: [64] });
    expect(refusal(source, v86Capabilities)).toMatchObject({ message: expect.stringContaining('riscv64') });
    expect(refusal(source, qemu)).toMatchObject({ code: 'engine.unsupported' });
    expect(refusal(report({ architecture: 'aarch64', kernelBits: [64] }), qemu)).toBeUndefined();
  });

  it('runs a 32-bit system on an engine that names only the 64-bit processor', () => {
    expect(refusal(report({}), { ...qemu, architectures: ['x86_64'] })).toBeUndefined();
  });

  it('says what to do with a kernel, an archive, or a disk of another program', () => {
    expect(refusal(report({ kind: 'kernel' }), v86Capabilities)?.code).toBe('engine.unsupported');
    expect(refusal(report({ kind: 'disk', format: 'vmdk' }), v86Capabilities)).toMatchObject({
      code: 'disk.unsupported',
      hint: expect.stringContaining('qemu-img convert'),
    });
    const archive = { code: 'disk.unknown-format' as const, message: 'a ZIP archive', hint: 'Unpack it.' };
    expect(refusal(report({ kind: 'unknown', warnings: [archive] }), v86Capabilities)).toEqual(archive);
    expect(refusal(report({ kind: 'unknown' }), v86Capabilities)?.code).toBe('disk.unknown-format');
  });
});
