import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import type { GalleryItem } from '@shared/gallery/entry';
import type { EngineStatus } from '@shared/host/report';
import { machineSpec } from '@shared/machine/config';
import type { MediumReport } from '@shared/media/report';
import {
  draftFor,
  draftProblems,
  engineChoices,
  engineReason,
  fitDraft,
  hasChoice,
  memoryLimit,
  moveBootDevice,
  preferredEngine,
  specOf,
  type Draft,
  type Origin,
} from './wizard';

const wide: EngineCapabilities = {
  ...v86Capabilities,
  id: 'qemu',
  title: 'QEMU',
  architectures: ['x86_64', 'i386'],
  bits: 64,
  memoryMiB: { min: 1, max: 1_048_576, default: 2048 },
  maxCpus: 16,
  firmware: ['bios', 'uefi'],
  nicModels: ['virtio', 'e1000'],
  bootDevices: ['disk', 'cdrom', 'network'],
  sound: true,
  acpiOptional: false,
};

const report: MediumReport = {
  path: '/images/debian-12.iso',
  fileName: 'debian-12.iso',
  size: 500_000_000,
  kind: 'cdrom',
  bootable: true,
  title: 'Debian GNU/Linux 12 i386',
  guest: 'debian',
  architecture: 'i386',
  kernelBits: [32],
  evidence: [],
  warnings: [],
};
const image = (change: Partial<MediumReport> = {}): Origin => ({
  kind: 'image',
  report: { ...report, ...change },
});
const gallery: Origin = {
  kind: 'gallery',
  item: {
    entry: {
      id: 'starter-linux',
      name: 'Starter Linux',
      family: 'linux',
      guest: 'starter-linux',
      architecture: 'i386',
      bits: 32,
      licence: 'GPL-2.0-only',
      description: { en: 'A small Linux.' },
      homepage: 'https://example.org/',
      sizeBytes: 20_000_000,
      medium: 'cdrom',
      memoryMiB: 256,
      diskMiB: 512,
      source: { kind: 'bundled', file: 'starter-linux.iso' },
    },
    status: 'ready',
    path: '/guests/starter-linux.iso',
    partialBytes: 0,
    problem: null,
  } satisfies GalleryItem,
};

const here = (capabilities: EngineCapabilities): EngineStatus => ({
  capabilities,
  available: true,
  problem: null,
});
const v86 = { capabilities: v86Capabilities, hostMemoryMiB: 8192 };
const qemu = { capabilities: wide, hostMemoryMiB: 8192 };

describe('engines', () => {
  it('refuses a 64-bit system on the embedded engine with the reason and what would run it', () => {
    const choices = engineChoices(image({ architecture: 'x86_64', kernelBits: [64] }), [
      here(v86Capabilities),
      here(wide),
    ]);
    expect(choices[0]?.problem?.code).toBe('engine.unsupported');
    expect(choices[0]?.problem?.message).toContain('64-bit');
    expect(choices[0]?.problem?.hint).toContain('QEMU');
    expect(choices[1]?.problem).toBeUndefined();
    const wideImage = image({ architecture: 'x86_64', kernelBits: [64] });
    expect(preferredEngine(wideImage, choices)?.capabilities.id).toBe('qemu');
    expect(engineReason(wideImage, choices)).toBe('wide');
  });

  it('offers what is not installed only as a reason', () => {
    const choices = engineChoices(image(), [{ capabilities: wide, available: false, problem: null }]);
    expect(choices[0]?.problem?.code).toBe('engine.not-found');
    expect(preferredEngine(image(), choices)).toBeUndefined();
  });

  it('takes the engine for tests only where there is no other', () => {
    const both = engineChoices(image(), [here(fakeCapabilities), here(v86Capabilities)]);
    expect(preferredEngine(image(), both)?.capabilities.id).toBe('v86');
    const alone = engineChoices(image(), [here(fakeCapabilities)]);
    expect(preferredEngine(image(), alone)?.capabilities.id).toBe('fake');
  });

  it('begins with the embedded engine for small 32-bit systems and with QEMU for heavy ones', () => {
    const engines = [here(v86Capabilities), here(wide), here(fakeCapabilities)];
    const small = engineChoices(gallery, engines);
    expect(preferredEngine(gallery, small)?.capabilities.id).toBe('v86');
    expect(engineReason(gallery, small)).toBe('small');
    const heavy: Origin = {
      ...gallery,
      item: { ...gallery.item, entry: { ...gallery.item.entry, memoryMiB: 768 } },
    };
    expect(preferredEngine(heavy, engineChoices(heavy, engines))?.capabilities.id).toBe('qemu');
    expect(engineReason(heavy, engineChoices(heavy, engines))).toBe('heavy');
    const without = engineChoices(heavy, [
      here(v86Capabilities),
      { capabilities: wide, available: false, problem: null },
    ]);
    expect(preferredEngine(heavy, without)?.capabilities.id).toBe('v86');
    // Nothing to explain where there is nothing to choose.
    expect(engineReason(gallery, engineChoices(gallery, [here(v86Capabilities)]))).toBeUndefined();
  });
});

describe('draftFor', () => {
  it('suggests a name that is free, and what the guest wants', () => {
    const draft = draftFor(gallery, v86, ['starter linux']);
    expect(draft).toMatchObject({
      name: 'Starter Linux 2',
      engine: 'v86',
      memoryMiB: 256,
      cdrom: '/guests/starter-linux.iso',
      disk: { kind: 'new', sizeMiB: 512 },
    });
  });

  it('never begins with something that cannot be created', () => {
    const title = fc.option(fc.string({ maxLength: 300 }), { nil: undefined });
    const kind = fc.constantFrom<MediumReport['kind'][]>('cdrom', 'floppy', 'disk');
    fc.assert(
      fc.property(title, kind, fc.constantFrom(v86, qemu), fc.nat(4096), (text, medium, limits, host) => {
        // control characters come out of no report: names of files and volumes are cleaned where they are read
        const clean = text?.replace(/[\p{Cc}\u2028-\u2029\u202a-\u202e\u2066-\u2069]/gu, '') || undefined;
        const bounds = { ...limits, hostMemoryMiB: host };
        const draft = draftFor(image({ title: clean, kind: medium }), bounds, []);
        expect(draftProblems(draft, bounds, [])).toEqual({});
        expect(machineSpec.safeParse(specOf(draft)).success).toBe(true);
      }),
    );
  });

  it('copies a disk image and leaves the drives empty', () => {
    const draft = draftFor(image({ kind: 'disk', format: 'qcow2', path: '/images/old.qcow2' }), v86, []);
    expect(draft.disk).toMatchObject({ kind: 'copy', path: '/images/old.qcow2' });
    expect(draft.cdrom).toBeNull();
    expect(specOf(draft).disk).toEqual({ kind: 'copy', path: '/images/old.qcow2' });
  });
});

describe('fitDraft', () => {
  it('keeps what the other engine can do as well and changes the rest', () => {
    const draft: Draft = {
      ...draftFor(image(), v86, []),
      name: 'Mine',
      memoryMiB: 1024,
      nicModel: 'ne2k',
      boot: ['floppy', 'cdrom', 'disk'],
      acpi: false,
    };
    const fitted = fitDraft(draft, qemu);
    expect(fitted).toMatchObject({
      name: 'Mine',
      engine: 'qemu',
      memoryMiB: 1024,
      nicModel: 'virtio',
      boot: ['cdrom', 'disk'],
      acpi: true,
    });
    expect(
      fitDraft({ ...fitted, memoryMiB: 6000, cpus: 8, firmware: 'uefi', sound: true }, v86),
    ).toMatchObject({
      memoryMiB: 2032,
      cpus: 1,
      firmware: 'bios',
      sound: false,
    });
  });

  it('leaves a machine without a network card without one', () => {
    expect(fitDraft({ ...draftFor(image(), v86, []), nicModel: null }, qemu).nicModel).toBeNull();
  });
});

describe('memoryLimit', () => {
  it('is the smaller of the engine’s and three quarters of the host’s', () => {
    expect(memoryLimit({ capabilities: v86Capabilities, hostMemoryMiB: 64_000 })).toBe(2032);
    expect(memoryLimit({ capabilities: v86Capabilities, hostMemoryMiB: 1024 })).toBe(768);
    expect(memoryLimit({ capabilities: v86Capabilities, hostMemoryMiB: undefined })).toBe(2032);
    expect(memoryLimit({ capabilities: v86Capabilities, hostMemoryMiB: 4 })).toBe(16);
  });
});

describe('draftProblems', () => {
  const good = draftFor(image(), v86, []);
  const problems = (change: Partial<Draft>) => draftProblems({ ...good, ...change }, v86, ['Taken']);

  it('names each field that is wrong', () => {
    expect(problems({})).toEqual({});
    expect(problems({ name: '  ' })).toEqual({ name: 'empty' });
    expect(problems({ name: 'x'.repeat(300) })).toEqual({ name: 'too-long' });
    expect(problems({ name: ' taken ' })).toEqual({ name: 'taken' });
    expect(problems({ name: 'a/b 🪴' })).toEqual({});
    expect(problems({ memoryMiB: 4000 })).toEqual({ memory: 'memory-range' });
    expect(problems({ memoryMiB: 100.5 })).toEqual({ memory: 'memory-range' });
    expect(problems({ memoryMiB: NaN })).toEqual({ memory: 'memory-range' });
    expect(problems({ disk: { kind: 'new', sizeMiB: 0, path: '' } })).toEqual({ disk: 'disk-range' });
    expect(problems({ disk: { kind: 'copy', sizeMiB: 1, path: '' } })).toEqual({ disk: 'disk-path' });
    expect(problems({ disk: { kind: 'none', sizeMiB: 0, path: '' } })).toEqual({});
    expect(problems({ cpus: 2 })).toEqual({ cpus: 'cpus-range' });
  });
});

describe('moveBootDevice', () => {
  it('moves by one place and stops at the ends', () => {
    expect(moveBootDevice(['disk', 'cdrom', 'floppy'], 'floppy', -1)).toEqual(['disk', 'floppy', 'cdrom']);
    expect(moveBootDevice(['disk', 'cdrom'], 'disk', 1)).toEqual(['cdrom', 'disk']);
    expect(moveBootDevice(['disk', 'cdrom'], 'disk', -1)).toEqual(['disk', 'cdrom']);
    expect(moveBootDevice(['disk', 'cdrom'], 'network', 1)).toEqual(['disk', 'cdrom']);
  });
});

describe('hasChoice', () => {
  it('follows the engine', () => {
    expect(hasChoice('firmware', v86Capabilities)).toBe(false);
    expect(hasChoice('firmware', wide)).toBe(true);
    expect(hasChoice('cpus', v86Capabilities)).toBe(false);
    expect(hasChoice('acpi', v86Capabilities)).toBe(true);
    expect(hasChoice('acpi', wide)).toBe(false);
    expect(hasChoice('memoryMiB', wide)).toBe(true);
  });
});
