import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

/** The commands on a machine's disks, drives and network cards. */
export type DeviceCommand = Extract<
  keyof Commands,
  `machine.${'add' | 'remove' | 'change'}${'Disk' | 'Drive' | 'Nic'}`
>;

export function deviceHandlers({ disks, cards }: Services): Pick<Handlers<Commands>, DeviceCommand> {
  return {
    'machine.addDisk': ({ id, disk }) => disks.add(id, disk),
    'machine.removeDisk': ({ id, disk, image }) => disks.remove(id, disk, image),
    'machine.changeDisk': ({ id, disk, bus }) => disks.change(id, disk, bus),
    'machine.addDrive': ({ id, kind }) => cards.addDrive(id, kind),
    'machine.removeDrive': ({ id, drive }) => cards.removeDrive(id, drive),
    'machine.addNic': ({ id, nic }) => cards.addNic(id, nic),
    'machine.removeNic': ({ id, nic }) => cards.removeNic(id, nic),
    'machine.changeNic': ({ id, nic, change }) => cards.changeNic(id, nic, change),
  };
}
