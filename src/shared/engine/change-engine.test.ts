import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { architectures, machineConfig, type MachineConfig } from '../machine/config';
import type { EngineCapabilities } from './capabilities';
import { changeEngine } from './change-engine';
import { v86Capabilities } from './engines';

const qemu: EngineCapabilities = {
  ...v86Capabilities,
  id: 'qemu',
  title: 'QEMU',
  architectures: ['x86_64', 'i386', 'aarch64'],
  bits: 64,
  memoryMiB: { min: 16, max: 8192, default: 1024 },
  videoMemoryMiB: { min: 1, max: 256, default: 16 },
  maxCpus: 8,
  firmware: ['bios', 'uefi'],
  secureBoot: ['x86_64'],
  tpm: true,
  diskBuses: ['virtio', 'scsi', 'sata', 'ide', 'nvme'],
  maxDisks: 8,
  maxCdroms: 2,
  nicModels: ['virtio', 'e1000', 'ne2k'],
  maxNics: 8,
  bootDevices: ['disk', 'cdrom', 'floppy', 'network'],
  sound: true,
  machineTypes: { i386: ['pc-q35-7.2', 'pc-i440fx-7.2'] },
};

const small: MachineConfig = {
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
  disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
  drives: [{ id: 'cd0', kind: 'cdrom', path: '/a.iso' }],
  nics: [{ id: 'nic0', model: 'ne2k', mac: '52:54:00:00:00:01', connected: true, network: 'nat' }],
};

const keys = (change: ReturnType<typeof changeEngine>, kind?: 'loss' | 'note'): string[] =>
  change.differences
    .filter((one) => kind === undefined || one.kind === kind)
    .map(({ said }) => said.ref.key.replace('engineChange.', ''));

describe('a machine that goes from v86 to QEMU', () => {
  it('keeps everything that it has', () => {
    const change = changeEngine(small, qemu);
    expect(change.refusals).toEqual([]);
    expect(change.config).toEqual({ ...small, engine: 'qemu' });
    expect(keys(change)).toEqual(['processor', 'faster', 'snapshots']);
  });

  it('is told of the activation when it is a Windows', () => {
    expect(keys(changeEngine({ ...small, guest: 'windows-nt' }, qemu))).toContain('processorWindows');
  });
});

describe('a machine that goes from QEMU to v86', () => {
  const large: MachineConfig = {
    ...small,
    engine: 'qemu',
    machineType: 'pc-q35-7.2',
    cpuModel: 'Nehalem',
    memoryMiB: 4096,
    cpus: 4,
    boot: ['network', 'disk'],
    videoMemoryMiB: 128,
    sound: true,
    tpm: true,
    disks: [
      { id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' },
      { id: 'disk1', path: 'disks/disk1.qcow2', bus: 'ide' },
    ],
    drives: [
      { id: 'cd0', kind: 'cdrom', path: '/a.iso' },
      { id: 'cd1', kind: 'cdrom', path: null },
    ],
    nics: [
      { id: 'nic0', model: 'e1000', mac: '52:54:00:00:00:01', connected: true, network: 'nat' },
      { id: 'nic1', model: 'virtio', mac: '52:54:00:00:00:02', connected: true, network: 'nat' },
    ],
  };

  it('has what cannot stay turned into the nearest, and each of it said', () => {
    const change = changeEngine(large, v86Capabilities);
    expect(change.refusals).toEqual([]);
    expect(change.config).toMatchObject({
      engine: 'v86',
      memoryMiB: 2032,
      cpus: 1,
      boot: ['disk'],
      videoMemoryMiB: 64,
      sound: false,
      disks: [{ bus: 'ide', path: 'disks/disk0.qcow2' }, { bus: 'ide' }],
      drives: [{ id: 'cd0', path: '/a.iso' }],
      nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:00:00:01' }],
    });
    expect(change.config).not.toHaveProperty('machineType');
    expect(change.config).not.toHaveProperty('cpuModel');
    expect(keys(change, 'loss')).toEqual([
      ...['cpus', 'memory', 'videoMemory', 'sound', 'tpm', 'cdroms', 'nics', 'boot', 'cpuModel'],
    ]);
    expect(keys(change, 'note')).toEqual(['processor', 'slower', 'disk', 'nicModel', 'snapshots']);
    expect(change.differences.find(({ said }) => said.ref.key.endsWith('.disk'))?.said.text).toMatch(
      /Disk 1 is attached by IDE instead of virtio/,
    );
    // And back: the same disks, on a board of its own choosing.
    const back = changeEngine(change.config, qemu);
    expect(back.refusals).toEqual([]);
    expect(back.config.disks).toEqual(change.config.disks);
  });

  it.each<[string, Partial<MachineConfig>, RegExp]>([
    ['a 64-bit PC', { architecture: 'x86_64' }, /64-bit PC/],
    ['another processor', { architecture: 'aarch64' }, /aarch64/],
    ['UEFI', { firmware: 'uefi' }, /UEFI/],
    [
      'a third disk',
      { disks: [0, 1, 2].map((n) => ({ id: `disk${n}`, path: `d/${n}`, bus: 'ide' as const })) },
      /at most 2 disks/,
    ],
  ])('is refused with %s', (_, changes, why) => {
    const { refusals } = changeEngine({ ...large, ...changes }, v86Capabilities);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.message).toMatch(why);
    expect(refusals[0]?.hint).toBeTruthy();
  });
});

describe('any machine', () => {
  const anyConfig = fc.record({
    architecture: fc.constantFrom(...architectures),
    guest: fc.constantFrom('linux', 'windows', 'freedos', 'nobody-knows'),
    memoryMiB: fc.integer({ min: 1, max: 1_048_576 }),
    videoMemoryMiB: fc.integer({ min: 1, max: 256 }),
    cpus: fc.integer({ min: 1, max: 256 }),
    serialPorts: fc.integer({ min: 0, max: 4 }),
    boot: fc.uniqueArray(fc.constantFrom('disk', 'cdrom', 'floppy', 'network')),
    firmware: fc.constantFrom('bios', 'uefi'),
    acpi: fc.boolean(),
    sound: fc.boolean(),
    tpm: fc.option(fc.boolean(), { nil: undefined }),
    secureBoot: fc.option(fc.boolean(), { nil: undefined }),
    machineType: fc.option(fc.constant('pc-q35-7.2'), { nil: undefined }),
    disks: fc
      .array(fc.constantFrom('ide', 'virtio', 'scsi', 'sata', 'nvme'), { maxLength: 8 })
      .map((buses) => buses.map((bus, n) => ({ id: `disk${n}`, path: `d/${n}.qcow2`, bus }))),
    drives: fc
      .array(fc.constantFrom('cdrom', 'floppy'), { maxLength: 8 })
      .map((kinds) =>
        kinds.map((kind, n) => ({ id: `${kind === 'cdrom' ? 'cd' : 'floppy'}${n}`, kind, path: null })),
      ),
    nics: fc.array(fc.constantFrom('virtio', 'ne2k', 'e1000'), { maxLength: 8 }).map((models) =>
      models.map((model, n) => ({
        id: `nic${n}`,
        model,
        mac: `52:54:00:00:00:0${n}`,
        connected: true,
        network: null,
      })),
    ),
  });

  it('fits the other engine unless it is refused, and nothing is changed in silence', () => {
    fc.assert(
      fc.property(anyConfig, fc.constantFrom(v86Capabilities, qemu), (changes, to) => {
        const before = machineConfig.parse({ ...small, ...changes });
        const copy = structuredClone(before);
        const { config, differences, refusals } = changeEngine(before, to);
        expect(before).toEqual(copy);
        expect(machineConfig.safeParse(config).success).toBe(true);
        if (refusals.length > 0) return;
        expect(config.memoryMiB).toBeGreaterThanOrEqual(to.memoryMiB.min);
        expect(config.memoryMiB).toBeLessThanOrEqual(to.memoryMiB.max);
        expect(config.cpus).toBeLessThanOrEqual(to.maxCpus);
        expect(config.disks.every(({ bus }) => to.diskBuses.includes(bus))).toBe(true);
        expect(config.nics.every(({ model }) => to.nicModels.includes(model))).toBe(true);
        expect(config.drives.filter(({ kind }) => kind === 'cdrom').length).toBeLessThanOrEqual(to.maxCdroms);
        expect(config.boot.every((device) => to.bootDevices.includes(device))).toBe(true);
        // A disk is never lost.
        expect(config.disks.map(({ path }) => path)).toEqual(before.disks.map(({ path }) => path));
        const quiet = ['processor', 'processorWindows', 'faster', 'slower', 'snapshots'];
        const told = differences.some(({ said }) => !quiet.includes(said.ref.key.split('.')[1] ?? ''));
        const { machineType: _old, ...was } = { ...before, engine: to.id };
        const { machineType: _new, ...is } = config;
        if (!told) expect(JSON.parse(JSON.stringify(is))).toEqual(JSON.parse(JSON.stringify(was)));
      }),
    );
  });

  it('may stay where it is', () => {
    expect(changeEngine(small, v86Capabilities).config).toEqual(small);
  });
});
