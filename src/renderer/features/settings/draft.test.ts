import { v86Capabilities } from '@shared/engine/engines';
import { machineSettings, type MachineConfig } from '@shared/machine/config';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canSecureBoot, changesOf, draftOf, fitTo, moved, rebased } from './draft';

const config: MachineConfig = {
  schema: 1,
  id: 'm000000000000001',
  name: 'One',
  created: '2026-05-01T08:00:00.000Z',
  notes: '',
  engine: 'v86',
  architecture: 'i386',
  guest: 'linux',
  memoryMiB: 256,
  cpus: 1,
  boot: ['disk', 'cdrom'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 16,
  sound: false,
  serialPorts: 1,
  disks: [],
  drives: [],
  nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:00:00:01', connected: true, network: null }],
};

describe('a draft of settings', () => {
  it('has no changes at first, and does not share anything with the configuration', () => {
    const draft = draftOf(config);
    expect(changesOf(draft, config)).toEqual({});
    const nic = draft.nics[0];
    if (nic) nic.connected = false;
    expect(config.nics[0]?.connected).toBe(true);
    expect(Object.keys(changesOf(draft, config))).toEqual(['nics']);
  });

  it('sends only what was changed, in a form that main accepts', () => {
    const changes = changesOf({ ...draftOf(config), memoryMiB: 512, boot: ['cdrom', 'disk'] }, config);
    expect(changes).toEqual({ memoryMiB: 512, boot: ['cdrom', 'disk'] });
    expect(machineSettings.parse(changes)).toEqual(changes);
  });

  it('keeps what was edited, and nothing else, when somebody else has changed the machine', () => {
    const draft = { ...draftOf(config), memoryMiB: 512 };
    const now = { ...config, notes: 'by somebody else', memoryMiB: 384 };
    expect(changesOf(rebased(draft, config, now), now)).toEqual({ memoryMiB: 512 });
  });

  it('keeps the arrangement and the model of processors only where the engine has them', () => {
    const qemu = { ...v86Capabilities, maxCpus: 8, cpuModels: { i386: ['Haswell', 'max'] } };
    const topology = { sockets: 2, cores: 2, threads: 1 };
    const draft = draftOf({ ...config, cpus: 4, topology, cpuModel: 'Haswell' });
    expect(fitTo(draft, qemu)).toMatchObject({ cpus: 4, topology, cpuModel: 'Haswell' });
    const one = { sockets: 1, cores: 1, threads: 1 };
    expect(fitTo(draft, v86Capabilities)).toMatchObject({ cpus: 1, topology: one, cpuModel: 'auto' });
    const three = { sockets: 1, cores: 3, threads: 1 };
    expect(fitTo(draft, { ...qemu, maxCpus: 3, cpuModels: {} })).toMatchObject({
      cpus: 3,
      topology: three,
      cpuModel: 'auto',
    });
  });

  it('is brought within what the engine can do, whatever it says', () => {
    const anyDraft = fc.record({
      memoryMiB: fc.integer({ min: 1, max: 1_048_576 }),
      videoMemoryMiB: fc.integer({ min: 1, max: 256 }),
      cpus: fc.integer({ min: 1, max: 256 }),
      serialPorts: fc.integer({ min: 0, max: 4 }),
      boot: fc.uniqueArray(fc.constantFrom('disk', 'cdrom', 'floppy', 'network')),
      firmware: fc.constantFrom('bios', 'uefi'),
      sound: fc.boolean(),
    });
    fc.assert(
      fc.property(anyDraft, (change) => {
        const fitted = fitTo(
          { ...draftOf(config), ...change } as ReturnType<typeof draftOf>,
          v86Capabilities,
        );
        expect(fitted.memoryMiB).toBeGreaterThanOrEqual(v86Capabilities.memoryMiB.min);
        expect(fitted.memoryMiB).toBeLessThanOrEqual(v86Capabilities.memoryMiB.max);
        expect(fitted.cpus).toBe(1);
        expect(fitted.firmware).toBe('bios');
        expect(fitted.sound).toBe(false);
        expect(fitted.tpm || fitted.secureBoot).toBe(false);
        expect(fitted.boot).not.toContain('network');
        expect(machineSettings.safeParse(fitted).success).toBe(true);
      }),
    );
  });

  it('replaces a card model that the engine does not know', () => {
    const draft = draftOf({ ...config, nics: [{ ...config.nics[0]!, model: 'e1000' }] });
    expect(fitTo(draft, v86Capabilities).nics[0]?.model).toBe('virtio');
  });
});

describe('Secure Boot', () => {
  const able = { ...v86Capabilities, secureBoot: ['x86_64' as const], tpm: true };

  it('goes with UEFI on an architecture whose firmware has keys', () => {
    expect(canSecureBoot({ firmware: 'uefi' }, able, 'x86_64')).toBe(true);
    expect(canSecureBoot({ firmware: 'bios' }, able, 'x86_64')).toBe(false);
    expect(canSecureBoot({ firmware: 'uefi' }, able, 'aarch64')).toBe(false);
    expect(canSecureBoot({ firmware: 'uefi' }, v86Capabilities, 'x86_64')).toBe(false);
  });

  it('is no change on a machine that has never heard of it', () => {
    expect(changesOf(draftOf(config), config)).toEqual({});
    expect(changesOf({ ...draftOf(config), tpm: true }, config)).toEqual({ tpm: true });
  });
});

describe('lists', () => {
  it('moves an item no further than the ends', () => {
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c']);
    expect(moved(['a', 'b', 'c'], 2, 5)).toEqual(['a', 'b', 'c']);
    expect(moved([], 0, 1)).toEqual([]);
  });
});
