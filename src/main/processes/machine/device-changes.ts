import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineProcessCommands } from '@shared/ipc/machine-process';
import type { Params } from '@shared/ipc/rpc';
import type { MachineConfig } from '@shared/machine/config';
import { withoutDevice } from '@shared/machine/devices';
import type { HotPlugging, RunningMachine } from './engine';

type DeviceCommand = 'setLink' | 'addDisk' | 'removeDisk' | 'addNic' | 'removeNic';

/** A machine that runs. */
interface Running {
  config: MachineConfig;
  readonly machine: RunningMachine;
}

/**
 * The commands on devices of a running machine. The configuration that it has in the end is what its saved state is
 * marked with.
 *
 * @param running @throws Failure when it does not run
 * @param quiet resolves when no memory image is being written: until then the hardware must stay what it is
 */
export function deviceHandlers(
  running: () => Running,
  quiet: () => Promise<void>,
): { [N in DeviceCommand]: (params: Params<MachineProcessCommands, N>) => Promise<void> } {
  const change = async (
    config: MachineConfig,
    work: (hotPlug: HotPlugging) => Promise<void>,
  ): Promise<void> => {
    await quiet();
    const session = running();
    const { hotPlug } = session.machine;
    if (!hotPlug) {
      throw new Failure('engine.unsupported', phrase('device.onlyOff'));
    }
    await work(hotPlug);
    session.config = config;
  };
  return {
    setLink: ({ nic, connected }) => running().machine.setLink(nic, connected),
    addDisk: ({ config, disk, path }) =>
      change(config, (hotPlug) => hotPlug.addDisk(find(config.disks, disk), path)),
    removeDisk: ({ config, disk }) => change(config, (hotPlug) => hotPlug.removeDisk(disk)),
    addNic: ({ config, nic, socket }) =>
      change(config, (hotPlug) => hotPlug.addNic(find(config.nics, nic), socket)),
    removeNic: ({ config, nic }) => change(config, (hotPlug) => hotPlug.removeNic(nic)),
  };
}

/** The guest has let a device go by itself: takes it out of the running machine's configuration. */
export function deviceGone(running: Running, id: string): void {
  running.config = withoutDevice(running.config, id);
}

function find<T extends { id: string }>(devices: readonly T[], wanted: string): T {
  const found = devices.find(({ id }) => id === wanted);
  if (found) return found;
  throw new Failure('input.invalid', phrase('device.notConfigured', { device: wanted }));
}
