import type { EngineCapabilities } from '@shared/engine/capabilities';
import { platforms, typesOf } from '@shared/engine/qemu/platform';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import { type Architecture, architectures } from '@shared/machine/config';
import type { EmulatorFacts } from './query-emulator';

/** What the host has, in MiB and processors. */
export interface HostSize {
  memoryMiB: number;
  processors: number;
}

/** Disk buses with the device that each needs, best first. */
const busDevices = {
  virtio: 'virtio-blk-device',
  scsi: 'virtio-scsi-device',
  sata: 'ich9-ahci',
  ide: 'ide-hd',
  nvme: 'nvme',
} as const;

/** Buses that take disks while the machine runs. */
const hotPlugBuses = new Set(['virtio', 'scsi', 'nvme']);

/** The order in which architectures are offered: what most images are for comes first. */
const order: readonly Architecture[] = ['x86_64', 'i386', ...architectures];

/**
 * What machines may have here. Where emulators differ, this is what any of them has; a combination that one of them
 * lacks is refused when it is planned. Pure.
 */
export function qemuCapabilities(
  emulators: ReadonlyMap<Architecture, EmulatorFacts>,
  uefi: ReadonlySet<Architecture>,
  host: HostSize,
  trust: { secureBoot: ReadonlySet<Architecture>; tpm: boolean } = { secureBoot: new Set(), tpm: false },
): EngineCapabilities {
  const all = [...emulators.values()];
  const offered = [...new Set(order)].filter((architecture) => emulators.has(architecture));
  const devices = new Set(all.flatMap((facts) => facts.devices));
  const machineTypes = Object.fromEntries(
    offered.map((architecture) => {
      const names = emulators.get(architecture)?.machines.map(({ name }) => name) ?? [];
      return [architecture, platforms.flatMap((platform) => typesOf(platform, names))];
    }),
  );
  const diskBuses = (['virtio', 'scsi', 'sata', 'ide', 'nvme'] as const).filter((bus) =>
    devices.has(busDevices[bus]),
  );
  const maxCpus = Math.max(1, ...all.flatMap(({ machines }) => machines.map((machine) => machine.maxCpus)));
  return {
    id: 'qemu',
    title: 'QEMU',
    version: all[0]?.version ?? '',
    stateVersion: qemuStateVersion,
    architectures: offered,
    bits: offered.some((architecture) => architecture !== 'i386') ? 64 : 32,
    memoryMiB: {
      min: 16,
      max: Math.max(16, host.memoryMiB),
      default: Math.min(1024, Math.max(16, host.memoryMiB)),
    },
    videoMemoryMiB: { min: 1, max: 256, default: 16 },
    balloon: devices.has('virtio-balloon-device'),
    cpuModels: Object.fromEntries(
      offered.map((architecture) => [architecture, emulators.get(architecture)?.cpuModels ?? []]),
    ),
    maxCpus: Math.min(maxCpus, Math.max(1, host.processors)),
    firmware: uefi.size > 0 ? ['bios', 'uefi'] : ['bios'],
    secureBoot: offered.filter((architecture) => trust.secureBoot.has(architecture)),
    tpm: trust.tpm && devices.has('tpm-crb'),
    diskBuses,
    maxDisks: 8,
    maxCdroms: 2,
    maxFloppies: 2,
    nicModels: ['virtio', 'e1000', 'ne2k'],
    maxNics: 8,
    hotPlug: { diskBuses: diskBuses.filter((bus) => hotPlugBuses.has(bus)), nicModels: ['virtio'] },
    maxSerialPorts: 4,
    bootDevices: ['disk', 'cdrom', 'floppy', 'network'],
    sound: all.some(({ audioDrivers }) => audioDrivers.length > 0),
    clipboard: devices.has('virtserialport'),
    resizesScreen: true,
    monitor: true,
    acpiOptional: true,
    saveState: true,
    liveMedia: true,
    machineTypes,
  };
}
