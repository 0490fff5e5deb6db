import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { v86Capabilities } from '../engine/engines';
import type { MachineConfig } from './config';
import { machineConfig } from './config';
import {
  diskHotPlugRefusal,
  freeDeviceId,
  macProblem,
  nicHotPlugRefusal,
  withDisk,
  withDrive,
  withNic,
  withoutDevice,
} from './devices';

const bare: MachineConfig = {
  schema: 1,
  id: 'abcdefgh12345678',
  name: 'Test machine',
  created: '2026-01-01T00:00:00.000Z',
  notes: '',
  engine: 'qemu',
  architecture: 'x86_64',
  guest: 'debian',
  memoryMiB: 128,
  cpus: 1,
  boot: ['disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 16,
  sound: false,
  serialPorts: 1,
  disks: [],
  drives: [],
  nics: [],
};

type Kind = 'disk' | 'nic' | 'cd' | 'floppy';

function added(config: MachineConfig, kind: Kind): MachineConfig {
  const id = freeDeviceId(config, kind);
  if (id === undefined) return config;
  switch (kind) {
    case 'disk':
      return withDisk(config, { id, path: `disks/${id}.qcow2`, bus: 'virtio' });
    case 'nic': {
      const mac = `52:54:00:00:00:0${id.slice(3)}`;
      return withNic(config, { id, model: 'virtio', mac, connected: true, network: null });
    }
    case 'cd':
      return withDrive(config, { id, kind: 'cdrom', path: null });
    case 'floppy':
      return withDrive(config, { id, kind: 'floppy', path: null });
  }
}

const kinds = fc.constantFrom<Kind>('disk', 'nic', 'cd', 'floppy');

describe('devices of a configuration', () => {
  it('come and go, and what is left does not depend on how it came about', () => {
    const step = fc.oneof(
      kinds.map((kind) => ({ add: kind })),
      fc.tuple(kinds, fc.nat(7)).map(([kind, number]) => ({ remove: `${kind}${number}` })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let config = bare;
        const present = new Set<string>();
        for (const one of steps) {
          if ('add' in one) {
            const id = freeDeviceId(config, one.add);
            const isDrive = one.add === 'cd' || one.add === 'floppy';
            if (id === undefined || (isDrive && config.drives.length === 8)) continue;
            expect(present.has(id)).toBe(false);
            config = added(config, one.add);
            present.add(id);
          } else {
            config = withoutDevice(config, one.remove);
            present.delete(one.remove);
          }
        }
        expect(machineConfig.safeParse(config).success).toBe(true);
        const { disks, drives, nics } = config;
        const ids = [...disks, ...drives, ...nics].map(({ id }) => id);
        expect(new Set(ids)).toEqual(present);
        // As the guest counts them, whatever came first.
        for (const list of [disks, drives, nics]) {
          expect(list.map(({ id }) => id)).toEqual(list.map(({ id }) => id).sort());
        }
        expect(withoutDevice(bare, 'disk0')).toEqual(bare);
      }),
    );
  });

  it('are at most eight of a kind', () => {
    let config = bare;
    for (let count = 0; count < 8; count++) config = added(config, 'disk');
    expect(config.disks.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `disk${n}`));
    expect(freeDeviceId(config, 'disk')).toBeUndefined();
    expect(freeDeviceId(withoutDevice(config, 'disk3'), 'disk')).toBe('disk3');
  });
});

describe('what can come and go while a machine runs', () => {
  const qemu = { hotPlug: { diskBuses: ['virtio', 'scsi', 'nvme'], nicModels: ['virtio'] } } as Parameters<
    typeof diskHotPlugRefusal
  >[1];
  const scsi = (id: string): MachineConfig => withDisk(bare, { id, path: 'x.qcow2', bus: 'scsi' });

  it('depends on engine, bus, ACPI and the controller', () => {
    expect(diskHotPlugRefusal(bare, v86Capabilities, 'ide')).toBe('engine');
    expect(diskHotPlugRefusal(bare, qemu, 'virtio')).toBeUndefined();
    expect(diskHotPlugRefusal(bare, qemu, 'sata')).toBe('kind');
    expect(diskHotPlugRefusal({ ...bare, acpi: false }, qemu, 'virtio')).toBe('acpi');
    // The first SCSI disk would bring its controller, the last take it along.
    expect(diskHotPlugRefusal(bare, qemu, 'scsi')).toBe('controller');
    expect(diskHotPlugRefusal(scsi('disk0'), qemu, 'scsi')).toBeUndefined();
    expect(diskHotPlugRefusal(scsi('disk0'), qemu, 'scsi', 'disk0')).toBe('controller');
    const arm: MachineConfig = { ...added(bare, 'cd'), architecture: 'aarch64' };
    expect(diskHotPlugRefusal(arm, qemu, 'scsi')).toBeUndefined();
  });

  it('is a matter of the model for network cards', () => {
    expect(nicHotPlugRefusal(bare, v86Capabilities, 'virtio')).toBe('engine');
    expect(nicHotPlugRefusal(bare, qemu, 'virtio')).toBeUndefined();
    expect(nicHotPlugRefusal(bare, qemu, 'e1000')).toBe('kind');
    expect(nicHotPlugRefusal({ ...bare, acpi: false }, qemu, 'virtio')).toBe('acpi');
  });
});

describe('hardware addresses', () => {
  it('are six bytes of a single card that nobody else has', () => {
    const taken = new Set(['52:54:00:00:00:01']);
    expect(macProblem('52:54:00:00:00:02', taken)).toBeUndefined();
    expect(macProblem('52:54:00:00:00:01', taken)).toBe('taken');
    expect(macProblem('52:54:00:AB:cd:EF', taken)).toBeUndefined();
    for (const text of [
      '',
      '52:54:00:00:00',
      '52-54-00-00-00-02',
      '00:00:00:00:00:00',
      'g2:54:00:00:00:02',
    ]) {
      expect(macProblem(text, taken), text).toBe('malformed');
    }
    for (const text of ['53:54:00:00:00:02', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01']) {
      expect(macProblem(text, taken), text).toBe('group');
    }
  });
});
