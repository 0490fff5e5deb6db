import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../machine/config';
import { settingChanges } from './changes';

const config = (changes: Partial<MachineConfig> = {}): MachineConfig => ({
  schema: 1,
  id: 'abcdefgh12345678',
  name: 'Machine',
  created: '2026-01-01T00:00:00.000Z',
  notes: '',
  engine: 'v86',
  architecture: 'i386',
  guest: 'other',
  memoryMiB: 16,
  cpus: 1,
  boot: ['disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 8,
  sound: false,
  serialPorts: 1,
  disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
  drives: [],
  nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:00:00:01', connected: true, network: null }],
  ...changes,
});

describe('settingChanges', () => {
  it('finds none where only names, notes and the files of disks differ', () => {
    const other = config({
      name: 'Other',
      notes: 'x',
      disks: [{ id: 'disk0', path: 'disks/disk0-1.qcow2', bus: 'ide' }],
    });
    expect(settingChanges(config(), other)).toEqual([]);
  });

  it('names what differs, also inside devices and where a device is new', () => {
    const nic = { model: 'ne2k', mac: '52:54:00:00:00:01', connected: true, network: null } as const;
    const other = config({ memoryMiB: 32, nics: [{ id: 'nic0', ...nic }], disks: [] });
    expect(settingChanges(config(), other)).toEqual([
      { path: 'memoryMiB', a: 16, b: 32 },
      { path: 'disks.disk0.bus', a: 'ide', b: undefined },
      { path: 'nics.nic0.model', a: 'virtio', b: 'ne2k' },
    ]);
  });
});
