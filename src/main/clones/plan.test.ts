import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '@shared/machine/config';
import type { SnapshotRecord } from '../snapshots/record';
import { clonedConfig, clonedRecord, type CloneIdentity, newAddresses, withDisks } from './plan';

const nic = (id: string, mac: string) =>
  ({ id, model: 'virtio', mac, connected: true, network: null }) as const;
const config = (changes: Partial<MachineConfig> = {}): MachineConfig => ({
  schema: 1,
  id: 'original00000000',
  name: 'Original',
  created: '2026-01-01T00:00:00.000Z',
  notes: 'kept',
  engine: 'v86',
  architecture: 'i386',
  guest: 'linux',
  memoryMiB: 64,
  cpus: 1,
  boot: ['disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 8,
  sound: false,
  serialPorts: 1,
  disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
  drives: [],
  nics: [nic('nic0', '52:54:00:00:00:01')],
  snapshot: 'snapshot00000000',
  template: true,
  future: 'a field of a later version',
  ...changes,
});
const identity = (changes: Partial<CloneIdentity> = {}): CloneIdentity => ({
  id: 'clone00000000000',
  name: '  The   clone ',
  created: '2026-02-02T00:00:00.000Z',
  macs: new Map([['52:54:00:00:00:01', '52:54:00:00:00:99']]),
  origin: { machine: 'original00000000', name: 'Original', snapshot: null, linked: false },
  ...changes,
});

describe('a clone', () => {
  it('has an identity of its own, is no template, and everything else of the original', () => {
    expect(clonedConfig(config(), identity())).toMatchObject({
      id: 'clone00000000000',
      name: 'The clone',
      notes: 'kept',
      created: '2026-02-02T00:00:00.000Z',
      nics: [{ mac: '52:54:00:00:00:99' }],
      snapshot: 'snapshot00000000',
      future: 'a field of a later version',
      clonedFrom: { machine: 'original00000000' },
    });
    expect(clonedConfig(config(), identity()).template).toBeUndefined();
  });

  it('without snapshots goes on from none', () => {
    const plain = withDisks(config(), { disk0: 'disks/new.qcow2' });
    expect(plain.snapshot).toBeUndefined();
    expect(plain.disks[0]?.path).toBe('disks/new.qcow2');
  });

  it('gives every address a new one that nobody has, the same one each time', () => {
    const numbers = ['52:54:00:00:00:05', '52:54:00:00:00:06'];
    let calls = 0;
    const macs = newAddresses(
      [config(), config({ nics: [nic('nic0', '52:54:00:00:00:01'), nic('nic1', '52:54:00:00:00:02')] })],
      (taken) => {
        const fresh = numbers[calls++] ?? '';
        expect(taken.has(fresh)).toBe(false);
        return fresh;
      },
      new Set(['52:54:00:00:00:01']),
    );
    expect([...macs]).toEqual([
      ['52:54:00:00:00:01', '52:54:00:00:00:05'],
      ['52:54:00:00:00:02', '52:54:00:00:00:06'],
    ]);
  });
});

describe('a snapshot of a clone', () => {
  const record: SnapshotRecord = {
    schema: 1,
    id: 'snapshot00000000',
    parent: null,
    name: 'One',
    description: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    state: 'running',
    engineVersion: '1',
    config: config(),
    images: { disk0: { bytes: 1, mtimeMs: 1 } },
    base: ['disks/below.qcow2'],
  };

  it('is off where its memory would bring the old addresses back', () => {
    const cloned = clonedRecord(record, identity());
    expect(cloned).toMatchObject({ state: 'off', images: {}, config: { id: 'clone00000000000' } });
    expect(cloned.config.nics[0]?.mac).toBe('52:54:00:00:00:99');
    expect(cloned.base).toBeUndefined();
  });

  it('keeps its state where the addresses stay', () => {
    expect(clonedRecord(record, identity({ macs: new Map() }))).toMatchObject({
      state: 'running',
      config: { nics: [{ mac: '52:54:00:00:00:01' }] },
    });
  });
});
