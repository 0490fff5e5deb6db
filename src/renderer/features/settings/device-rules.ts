import type { EngineCapabilities } from '@shared/engine/capabilities';
import type { DiskConfig, NicConfig } from '@shared/machine/config';
import { diskHotPlugRefusal, type HotPlugRefusal, nicHotPlugRefusal } from '@shared/machine/devices';
import { hasProcess, isAllowed } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** Why a device cannot be removed now; `locked`: nothing can be changed at all. */
export type RemovalBlock = HotPlugRefusal | 'paused' | 'locked';

const changeable = ({ inaccessible, state }: MachineSummary): boolean =>
  !inaccessible && isAllowed('changeDevices', state);

/** Whether devices, or their networks and cables, can be changed in the machine's state. */
export const canChangeDevices = changeable;

/** Whether what needs a machine that is off can be changed. */
export const canChangeHardware = ({ inaccessible, state }: MachineSummary): boolean =>
  !inaccessible && isAllowed('configure', state);

export function diskRemovalBlock(
  machine: MachineSummary,
  can: EngineCapabilities,
  disk: DiskConfig,
): RemovalBlock | undefined {
  const { config } = machine;
  return removalBlock(machine, () => config && diskHotPlugRefusal(config, can, disk.bus, disk.id));
}

export function nicRemovalBlock(
  machine: MachineSummary,
  can: EngineCapabilities,
  nic: NicConfig,
): RemovalBlock | undefined {
  const { config } = machine;
  return removalBlock(machine, () => config && nicHotPlugRefusal(config, can, nic.model));
}

function removalBlock(
  machine: MachineSummary,
  refusal: () => HotPlugRefusal | null | undefined,
): RemovalBlock | undefined {
  if (!changeable(machine)) return 'locked';
  if (!hasProcess(machine.state)) return undefined;
  return refusal() ?? (machine.state === 'paused' ? 'paused' : undefined);
}

/** The buses on which a disk can be added now. */
export function addableBuses(machine: MachineSummary, can: EngineCapabilities): DiskConfig['bus'][] {
  const { config } = machine;
  if (!config || !changeable(machine)) return [];
  if (!hasProcess(machine.state)) return can.diskBuses;
  return can.diskBuses.filter((bus) => diskHotPlugRefusal(config, can, bus) === undefined);
}

/** The models of which a network card can be added now. */
export function addableModels(machine: MachineSummary, can: EngineCapabilities): NicConfig['model'][] {
  const { config } = machine;
  if (!config || !changeable(machine)) return [];
  if (!hasProcess(machine.state)) return can.nicModels;
  return can.nicModels.filter((model) => nicHotPlugRefusal(config, can, model) === undefined);
}

/** Why nothing can be added to a machine that runs. */
export function addRefusal(machine: MachineSummary, can: EngineCapabilities): 'engine' | 'acpi' {
  return can.hotPlug && machine.config?.acpi === false ? 'acpi' : 'engine';
}

/** The number that a person counts a device by, from its id. */
export const deviceNumber = (id: string): number => Number(id.replace(/\D/g, '')) + 1;
