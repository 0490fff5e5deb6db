import { join } from 'node:path';
import { v86Capabilities } from '@shared/engine/engines';
import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import { hardwareDigest } from '../../../../disks/saved-state/hardware-digest';

const mebibyte = 1024 * 1024;

/** What will be started, in v86's terms. Sizes in bytes; paths are the host's. */
export interface V86Plan {
  name: string;
  memorySize: number;
  videoMemorySize: number;
  acpi: boolean;
  /** Nibbles of CMOS registers 0x3d and 0x38 as SeaBIOS reads them, the first device lowest. */
  bootOrder: number;
  bios: { system: string; video: string };
  /** At most two, in the order of the IDE channel. */
  disks: { id: string; path: string }[];
  cdrom: { id: string; path: string | null } | null;
  floppies: { id: string; path: string | null }[];
  nic: {
    id: string;
    model: 'virtio' | 'ne2k';
    mac: string;
    connected: boolean;
    /** A local socket that a switch connects to; null for a cable that ends nowhere. */
    socket: string | null;
  } | null;
  /** 0 to 4; v86 always has the first, whether or not anybody may use it. */
  serialPorts: number;
  savedState: string | null;
  hardware: string;
}

/** SeaBIOS's numbers of boot devices (its file `boot.c`). */
const bootNumbers = { floppy: 1, disk: 2, cdrom: 3 } as const;
type BootDevice = keyof typeof bootNumbers;

function unsupported(message: Phrase, hint?: Phrase): Failure {
  return new Failure('engine.unsupported', message, { hint });
}

/**
 * @throws Failure `engine.unsupported` when v86 cannot do what the configuration asks, `file.not-found` when the
 * path of a disk is missing
 */
export function planV86(config: MachineConfig, paths: LaunchPaths): V86Plan {
  checkProcessor(config);
  checkMemory(config);
  const drives = (kind: 'cdrom' | 'floppy') =>
    config.drives
      .filter((drive) => drive.kind === kind)
      .map(({ id }) => ({ id, path: paths.drives[id] ?? null }));
  const [cdrom, ...otherCdroms] = drives('cdrom');
  if (otherCdroms.length > 0) throw unsupported(phrase('plan.v86Cd'));
  const floppies = drives('floppy');
  if (floppies.length > v86Capabilities.maxFloppies) {
    throw unsupported(phrase('plan.v86Floppies', { most: v86Capabilities.maxFloppies }));
  }
  return {
    name: config.name,
    memorySize: config.memoryMiB * mebibyte,
    videoMemorySize: powerOfTwo(config.videoMemoryMiB) * mebibyte,
    acpi: config.acpi,
    bootOrder: bootOrder(config.boot),
    bios: { system: join(paths.bios, 'seabios.bin'), video: join(paths.bios, 'vgabios.bin') },
    disks: planDisks(config, paths),
    cdrom: cdrom ?? null,
    floppies,
    nic: planNic(config, paths),
    serialPorts: config.serialPorts,
    savedState: paths.savedState,
    hardware: hardwareDigest(config),
  };
}

function checkProcessor(config: MachineConfig): void {
  if (config.architecture !== 'i386') {
    throw unsupported(
      phrase('plan.v86Architecture', { architecture: config.architecture }),
      phrase('plan.v86ArchitectureHint'),
    );
  }
  if (config.cpus > v86Capabilities.maxCpus) throw unsupported(phrase('plan.v86Cpu'));
  if (config.firmware !== 'bios') {
    throw unsupported(phrase('plan.v86Uefi'));
  }
  if (config.sound) throw unsupported(phrase('plan.v86Sound'));
}

function checkMemory({ memoryMiB, videoMemoryMiB }: MachineConfig): void {
  const limits = v86Capabilities;
  if (memoryMiB < limits.memoryMiB.min || memoryMiB > limits.memoryMiB.max) {
    throw unsupported(
      phrase('plan.v86Memory', {
        least: limits.memoryMiB.min,
        most: limits.memoryMiB.max,
        wanted: memoryMiB,
      }),
    );
  }
  if (videoMemoryMiB < limits.videoMemoryMiB.min || videoMemoryMiB > limits.videoMemoryMiB.max) {
    throw unsupported(
      phrase('plan.v86Video', {
        least: limits.videoMemoryMiB.min,
        most: limits.videoMemoryMiB.max,
        wanted: videoMemoryMiB,
      }),
    );
  }
}

function planDisks(config: MachineConfig, paths: LaunchPaths): V86Plan['disks'] {
  if (config.disks.length > v86Capabilities.maxDisks) {
    throw unsupported(phrase('plan.v86Disks', { most: v86Capabilities.maxDisks }));
  }
  return config.disks.map(({ id, bus }) => {
    if (bus !== 'ide') throw unsupported(phrase('plan.v86Bus', { bus }));
    const path = paths.disks[id];
    if (path === undefined) throw new Failure('file.not-found', phrase('device.noPlace', { disk: id }));
    return { id, path };
  });
}

function planNic(config: MachineConfig, paths: LaunchPaths): V86Plan['nic'] {
  const [nic, ...others] = config.nics;
  if (others.length > 0) throw unsupported(phrase('plan.v86Card'));
  if (!nic) return null;
  const { id, model, mac, connected } = nic;
  if (model === 'e1000') throw unsupported(phrase('plan.v86E1000'));
  return { id, model, mac, connected, socket: paths.networks?.[id] ?? null };
}

/** Devices that are not mentioned come last, in a usual order: nothing is gained by not trying them. */
function bootOrder(wanted: MachineConfig['boot']): number {
  const named = wanted.map((device): BootDevice => {
    if (device === 'network') throw unsupported(phrase('plan.v86Network'));
    return device;
  });
  const all = new Set<BootDevice>([...named, 'disk', 'cdrom', 'floppy']);
  return [...all].reduce((order, device, index) => order | (bootNumbers[device] << (4 * index)), 0);
}

/** v86 rounds video memory up to a power of two; so the plan says what there will be. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
