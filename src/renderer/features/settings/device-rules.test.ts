import { v86Capabilities } from '@shared/engine/engines';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import type { DiskConfig, NicConfig } from '@shared/machine/config';
import type { MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { describe, expect, it } from 'vitest';
import { testMachine } from '../../testing/machines';
import {
  addableBuses,
  addableModels,
  addRefusal,
  canChangeDevices,
  canChangeHardware,
  deviceNumber,
  diskRemovalBlock,
  nicRemovalBlock,
} from './device-rules';

const qemu: EngineCapabilities = {
  ...v86Capabilities,
  id: 'qemu',
  diskBuses: ['virtio', 'sata', 'ide'],
  nicModels: ['virtio', 'e1000'],
  hotPlug: { diskBuses: ['virtio'], nicModels: ['virtio'] },
};
const disk: DiskConfig = { id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' };
const nic: NicConfig = {
  id: 'nic0',
  model: 'virtio',
  mac: '52:54:00:00:00:01',
  connected: true,
  network: null,
};
const inState = (state: MachineState): MachineSummary => testMachine(1, 'One', state);

describe('what a person can do with devices', () => {
  it('is everything that the engine has while the machine is off', () => {
    const off = inState('off');
    expect(diskRemovalBlock(off, v86Capabilities, { ...disk, bus: 'ide' })).toBeUndefined();
    expect(nicRemovalBlock(off, v86Capabilities, nic)).toBeUndefined();
    expect(addableBuses(off, qemu)).toEqual(['virtio', 'sata', 'ide']);
    expect(addableModels(off, qemu)).toEqual(['virtio', 'e1000']);
    expect(canChangeHardware(off)).toBe(true);
  });

  it('is what the engine does for a running guest while it runs', () => {
    const running = inState('running');
    expect(addableBuses(running, v86Capabilities)).toEqual([]);
    expect(addRefusal(running, v86Capabilities)).toBe('engine');
    expect(diskRemovalBlock(running, v86Capabilities, disk)).toBe('engine');
    expect(addableBuses(running, qemu)).toEqual(['virtio']);
    expect(addableModels(running, qemu)).toEqual(['virtio']);
    expect(diskRemovalBlock(running, qemu, disk)).toBeUndefined();
    expect(diskRemovalBlock(running, qemu, { ...disk, bus: 'sata' })).toBe('kind');
    expect(nicRemovalBlock(running, qemu, { ...nic, model: 'e1000' })).toBe('kind');
    expect([canChangeDevices(running), canChangeHardware(running)]).toEqual([true, false]);
    // A guest that stands still lets nothing go.
    expect(diskRemovalBlock(inState('paused'), qemu, disk)).toBe('paused');
    expect(addableBuses(inState('paused'), qemu)).toEqual(['virtio']);
  });

  it('is nothing while a saved state knows the hardware, or something is under way', () => {
    for (const state of ['saved', 'starting', 'saving', 'stopping'] as const) {
      const machine = inState(state);
      expect(diskRemovalBlock(machine, qemu, disk), state).toBe('locked');
      expect(nicRemovalBlock(machine, qemu, nic), state).toBe('locked');
      expect(addableBuses(machine, qemu), state).toEqual([]);
      expect(addableModels(machine, qemu), state).toEqual([]);
      expect(canChangeDevices(machine), state).toBe(false);
    }
  });

  it('counts devices as people do', () => {
    expect([deviceNumber('disk0'), deviceNumber('nic7'), deviceNumber('floppy1')]).toEqual([1, 8, 2]);
  });
});
