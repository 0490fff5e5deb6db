import { join } from 'node:path';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';

/** A configuration that the embedded engine accepts: 16 MiB, one serial port, no drives. */
export function testConfig(changes: Partial<MachineConfig> = {}): MachineConfig {
  return {
    schema: 1,
    id: 'abcdefgh12345678',
    name: 'Test machine',
    created: '2026-01-01T00:00:00.000Z',
    notes: '',
    engine: 'v86',
    architecture: 'i386',
    guest: 'other',
    memoryMiB: 16,
    cpus: 1,
    boot: ['disk', 'cdrom', 'floppy'],
    firmware: 'bios',
    acpi: true,
    videoMemoryMiB: 8,
    sound: false,
    serialPorts: 1,
    disks: [],
    drives: [],
    nics: [],
    ...changes,
  };
}

export function testPaths(folder: string, changes: Partial<LaunchPaths> = {}): LaunchPaths {
  return {
    folder,
    bios: join(import.meta.dirname, '../../resources/bios'),
    disks: {},
    drives: {},
    savedState: null,
    ...changes,
  };
}

export const starterLinuxIso = join(import.meta.dirname, '../../resources/guests/starter-linux.iso');
