import type { MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** A machine for tests, in a state, with an id of its number. */
export function testMachine(number: number, name: string, state: MachineState = 'off'): MachineSummary {
  const id = `m${String(number).padStart(15, '0')}`;
  return {
    id,
    name,
    folder: `/machines/${id}`,
    state,
    config: {
      schema: 1,
      id,
      name,
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
      drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
      nics: [],
    },
    inaccessible: false,
    problem: null,
    runtime: null,
    savedAt: null,
  };
}
