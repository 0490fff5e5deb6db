import { describe, expect, it } from 'vitest';
import { v86Capabilities } from '@shared/engine/engines';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import { planV86 } from './plan';

const config: MachineConfig = {
  schema: 1,
  id: 'abcdefgh12345678',
  name: 'Étude № 1',
  created: '2026-01-01T00:00:00.000Z',
  notes: '',
  engine: 'v86',
  architecture: 'i386',
  guest: 'linux',
  memoryMiB: 300,
  cpus: 1,
  boot: ['cdrom', 'disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 12,
  sound: false,
  serialPorts: 2,
  disks: [
    { id: 'disk0', path: 'disks/a.qcow2', bus: 'ide' },
    { id: 'disk1', path: 'disks/b.qcow2', bus: 'ide' },
  ],
  drives: [
    { id: 'cd0', kind: 'cdrom', path: '/isos/linux.iso' },
    { id: 'floppy0', kind: 'floppy', path: null },
  ],
  nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:12:34:56', connected: false, network: null }],
};

const paths: LaunchPaths = {
  folder: '/machines/etude',
  bios: '/resources/bios',
  disks: { disk0: '/machines/etude/disks/a.qcow2', disk1: '/machines/etude/disks/b.qcow2' },
  drives: { cd0: '/isos/linux.iso' },
  savedState: null,
};

describe('planV86', () => {
  it('turns a configuration into what is started', () => {
    expect(planV86(config, paths)).toEqual({
      name: 'Étude № 1',
      memorySize: 300 * 1024 * 1024,
      videoMemorySize: 16 * 1024 * 1024,
      acpi: true,
      bootOrder: 0x123,
      bios: { system: '/resources/bios/seabios.bin', video: '/resources/bios/vgabios.bin' },
      disks: [
        { id: 'disk0', path: '/machines/etude/disks/a.qcow2' },
        { id: 'disk1', path: '/machines/etude/disks/b.qcow2' },
      ],
      cdrom: { id: 'cd0', path: '/isos/linux.iso' },
      floppies: [{ id: 'floppy0', path: null }],
      nic: { id: 'nic0', model: 'virtio', mac: '52:54:00:12:34:56', connected: false, socket: null },
      serialPorts: 2,
      savedState: null,
      hardware: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('turns an almost empty configuration into almost nothing', () => {
    const bare = { ...config, disks: [], drives: [], nics: [], boot: [], acpi: false, serialPorts: 0 };
    expect(planV86(bare, { ...paths, savedState: '/s/state.viv' })).toMatchObject({
      disks: [],
      cdrom: null,
      floppies: [],
      nic: null,
      acpi: false,
      serialPorts: 0,
      savedState: '/s/state.viv',
    });
  });

  it.each([
    [['disk', 'cdrom', 'floppy'], 0x132],
    [['floppy', 'cdrom', 'disk'], 0x231],
    [['cdrom'], 0x123],
    [['floppy', 'floppy'], 0x321],
    [[], 0x132],
  ] as const)('tries %j first, then the rest', (boot, order) => {
    expect(planV86({ ...config, boot: [...boot] }, paths).bootOrder).toBe(order);
  });

  it.each<[string, Partial<MachineConfig>, RegExp]>([
    ['64-bit systems', { architecture: 'x86_64' }, /32-bit/],
    ['two processors', { cpus: 2 }, /one processor/],
    ['UEFI', { firmware: 'uefi' }, /UEFI/],
    ['sound', { sound: true }, /sound/],
    ['too little memory', { memoryMiB: v86Capabilities.memoryMiB.min - 1 }, /not 15/],
    ['too much memory', { memoryMiB: 4096 }, /2032 MiB of memory, not 4096/],
    ['too much video memory', { videoMemoryMiB: 128 }, /video memory/],
    ['booting from the network', { boot: ['network'] }, /network/],
    ['disks on virtio', { disks: [{ id: 'disk0', path: 'a', bus: 'virtio' }] }, /IDE/],
    [
      'three disks',
      { disks: [0, 1, 2].map((n) => ({ id: `disk${n}`, path: 'a', bus: 'ide' as const })) },
      /2 hard/,
    ],
    [
      'two CD drives',
      { drives: [0, 1].map((n) => ({ id: `cd${n}`, kind: 'cdrom' as const, path: null })) },
      /one CD/,
    ],
    [
      'three floppy drives',
      { drives: [0, 1, 2].map((n) => ({ id: `floppy${n}`, kind: 'floppy' as const, path: null })) },
      /2 floppy/,
    ],
    ['two network cards', { nics: [...config.nics, ...config.nics] }, /one network card/],
    ['an e1000', { nics: [{ ...config.nics[0], model: 'e1000' }] as MachineConfig['nics'] }, /e1000/],
  ])('refuses %s', (_what, change, message) => {
    expect(() => planV86({ ...config, ...change }, paths)).toThrow(
      expect.objectContaining({ code: 'engine.unsupported', message: expect.stringMatching(message) }),
    );
  });

  it('refuses a disk that nobody has found', () => {
    expect(() => planV86(config, { ...paths, disks: {} })).toThrow(
      expect.objectContaining({ code: 'file.not-found' }),
    );
  });
});
