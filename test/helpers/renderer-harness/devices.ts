import type { Commands, Job } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { MachineConfig } from '@shared/machine/config';
import { freeDeviceId, withDisk, withDrive, withNic, withoutDevice } from '@shared/machine/devices';
import type { MachineSummary } from '@shared/machine/summary';

type DeviceCommand = Extract<
  keyof Commands,
  `machine.${'add' | 'remove' | 'change'}${'Disk' | 'Drive' | 'Nic'}`
>;

/** What the devices need of the rest of the in-page backend. */
interface Rest {
  find: (id: string) => MachineSummary;
  put: (machine: MachineSummary) => MachineSummary;
  startJob: (kind: Job['kind'], subject: string, title: string, total: number, end: () => unknown) => string;
}

/** Devices in the page's memory. */
export function deviceHandlers({ find, put, startJob }: Rest): Pick<Handlers<Commands>, DeviceCommand> {
  const change = (id: string, with_: (config: MachineConfig) => MachineConfig): MachineSummary => {
    const machine = find(id);
    return put({ ...machine, config: machine.config && with_(machine.config) });
  };
  const free = (config: MachineConfig, prefix: Parameters<typeof freeDeviceId>[1]): string =>
    freeDeviceId(config, prefix) ?? prefix;
  return {
    'machine.addDisk': ({ id, disk }) => ({
      jobId: startJob('addDisk', id, find(id).name, disk.source.kind === 'copy' ? 40e6 : 1, () => {
        change(id, (config) => {
          const name = free(config, 'disk');
          return withDisk(config, { id: name, path: `disks/${name}.qcow2`, bus: disk.bus });
        });
        return { disk: 'disk0' };
      }),
    }),
    'machine.removeDisk': ({ id, disk, image }) => ({
      jobId: startJob('removeDisk', id, find(id).name, 1, () => {
        const path = `${find(id).folder}/disks/${disk}.qcow2`;
        change(id, (config) => withoutDevice(config, disk));
        return { image: image === 'keep' ? path : null };
      }),
    }),
    'machine.changeDisk': ({ id, disk, bus }) =>
      change(id, (config) => {
        const found = config.disks.find((one) => one.id === disk);
        return found ? withDisk(config, { ...found, bus }) : config;
      }),
    'machine.addDrive': ({ id, kind }) =>
      change(id, (config) =>
        withDrive(config, { id: free(config, kind === 'cdrom' ? 'cd' : 'floppy'), kind, path: null }),
      ),
    'machine.removeDrive': ({ id, drive }) => change(id, (config) => withoutDevice(config, drive)),
    'machine.addNic': ({ id, nic }) =>
      change(id, (config) =>
        withNic(config, {
          ...nic,
          id: free(config, 'nic'),
          mac: nic.mac ?? '52:54:00:aa:bb:cc',
          connected: true,
        }),
      ),
    'machine.removeNic': ({ id, nic }) => change(id, (config) => withoutDevice(config, nic)),
    'machine.changeNic': ({ id, nic, change: wanted }) =>
      change(id, (config) => {
        const found = config.nics.find((one) => one.id === nic);
        return found ? withNic(config, { ...found, ...wanted }) : config;
      }),
  };
}
