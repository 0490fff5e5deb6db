import { expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { v86Capabilities as can } from '@shared/engine/engines';
import type { MachineSpec } from '@shared/machine/config';
import { checkConfig } from './check-config';
import { planMachine } from './create';
import { newMac, newMachineId } from './identity';

const spec: MachineSpec = {
  name: '  Plan  B ',
  engine: 'v86',
  architecture: 'i386',
  guest: 'linux',
  memoryMiB: 128,
  cpus: 1,
  boot: ['cdrom', 'disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 16,
  sound: false,
  serialPorts: 1,
  nicModel: 'virtio',
  disk: { kind: 'new', sizeMiB: 100 },
  cdrom: '/some.iso',
  floppy: null,
};
const taken = { names: [], macs: new Set<string>() };
const plan = (changes: Partial<MachineSpec> = {}) => planMachine({ ...spec, ...changes }, can, taken);

it('plans a machine with the drives that its engine has', () => {
  expect(plan()).toMatchObject({
    schema: 1,
    name: 'Plan B',
    disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
    drives: [
      { id: 'cd0', kind: 'cdrom', path: '/some.iso' },
      { id: 'floppy0', kind: 'floppy', path: null },
    ],
    nics: [{ id: 'nic0', model: 'virtio', connected: true }],
  });
  expect(plan({ disk: { kind: 'none' }, nicModel: null })).toMatchObject({ disks: [], nics: [] });
});

it.each<[Partial<MachineSpec>, string]>([
  [{ architecture: 'x86_64' }, 'x86_64'],
  [{ memoryMiB: 15 }, '16 to 2032 MiB'],
  [{ memoryMiB: 2033 }, '16 to 2032 MiB'],
  [{ videoMemoryMiB: 65 }, 'video memory'],
  [{ cpus: 2 }, 'one processor only'],
  [{ firmware: 'uefi' }, 'UEFI'],
  [{ sound: true }, 'sound'],
  [{ boot: ['network'] }, 'network'],
  [{ nicModel: 'e1000' }, 'e1000'],
])('refuses %j and says why', (changes, why) => {
  expect(() => plan(changes)).toThrow(expect.objectContaining({ code: 'engine.unsupported' }));
  expect(() => plan(changes)).toThrow(why);
});

it('refuses too many of anything', () => {
  const config = plan();
  const many = <T>(thing: T | undefined, count: number): T[] =>
    Array.from({ length: count }, () => thing as T);
  for (const wrong of [
    { disks: many(config.disks[0], can.maxDisks + 1) },
    { nics: many(config.nics[0], can.maxNics + 1) },
    { drives: many(config.drives[0], can.maxCdroms + 1) },
    { drives: many(config.drives[1], can.maxFloppies + 1) },
  ]) {
    expect(() => checkConfig({ ...config, ...wrong }, can)).toThrow(Failure);
  }
  expect(() => checkConfig({ ...config, acpi: false }, { ...can, acpiOptional: false })).toThrow('ACPI');
  expect(() => checkConfig({ ...config, serialPorts: 3 }, { ...can, maxSerialPorts: 2 })).toThrow('serial');
  checkConfig(config, can);
});

it('makes ids and addresses that are not there yet', () => {
  const ids = new Set(Array.from({ length: 1000 }, newMachineId));
  expect(ids.size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]{16}$/);
  const macs = new Set<string>();
  for (let count = 0; count < 200; count++) macs.add(newMac(macs));
  expect(macs.size).toBe(200);
  for (const mac of macs) expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
});
