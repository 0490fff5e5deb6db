import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { clockIsLocal, isPc, type Platform, platformOfType } from '@shared/engine/qemu/platform';
import type { QemuAudio, QemuLaunch } from '@shared/engine/qemu/launch';
import { hasThreads, processorCount, topologyOf } from '@shared/engine/qemu/topology';
import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import { type Guest, guestById } from '@shared/guests/table';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type {
  ClipboardSharing,
  CpuTopology,
  DiskConfig,
  MachineConfig,
  NicConfig,
} from '@shared/machine/config';
import { numberOf } from './arguments/places';
import { hardwareDigest } from '../../../../disks/saved-state/hardware-digest';

/** What will be started, in QEMU's terms; what is missing for the command line are the sockets. */
export interface QemuPlan {
  name: string;
  /** RFC 9562, made of the machine's id: a guest may tie a licence to it. */
  uuid: string;
  /** Where the record of the running QEMU and the machine's own firmware variables lie. */
  folder: string;
  host: QemuLaunch;
  platform: Platform;
  guest: Guest;
  memoryMiB: number;
  topology: CpuTopology;
  acpi: boolean;
  localClock: boolean;
  videoMemoryMiB: number;
  serialPorts: number;
  /** Where the sound of the machine's sound card goes; null without a card. */
  sound: QemuAudio | null;
  clipboard: ClipboardSharing;
  /** Kinds of devices in the order in which the firmware tries them. */
  boot: MachineConfig['boot'];
  disks: PlannedDisk[];
  cdroms: PlannedDrive[];
  floppies: PlannedDrive[];
  nics: PlannedNic[];
  /** The machine's own copy of the firmware variables. */
  variables: string | null;
  /** Where the machine's TPM keeps what it knows; null without one. */
  tpm: { emulator: string; folder: string } | null;
  savedState: string | null;
  hardware: string;
}

export interface PlannedDisk {
  id: string;
  path: string;
  format: 'qcow2' | 'raw';
  bus: DiskConfig['bus'];
  bootIndex: number;
}

export interface PlannedDrive {
  id: string;
  path: string | null;
  bootIndex: number;
}

export interface PlannedNic {
  id: string;
  model: NicConfig['model'];
  mac: string;
  connected: boolean;
  /** A unix socket that a switch connects to; null for a cable that ends nowhere. */
  socket: string | null;
  /** Undefined: the machine does not start from it. */
  bootIndex: number | undefined;
}

function unsupported(message: Phrase, hint?: Phrase): Failure {
  return new Failure('engine.unsupported', message, { hint });
}

/** Whether a guest has drivers for virtio devices that nobody asked for: random numbers, balloon, agent's port. */
export function isParavirtual(guest: Guest): boolean {
  return guest.paravirtual;
}

/**
 * @throws Failure `engine.unsupported` when QEMU as it is here cannot do what the configuration asks,
 * `file.not-found` when the path of a disk is missing, `engine.not-found` without a QEMU
 */
export function planQemu(config: MachineConfig, paths: LaunchPaths): QemuPlan {
  const host = paths.qemu;
  if (!host) throw new Failure('engine.not-found', phrase('qemuTalk.noQemu'));
  const platform = checkBoard(config, host);
  const boot = bootOrder(config, paths, platform);
  const disks = config.disks.map((disk) => planDisk(disk, platform, paths.disks[disk.id], boot));
  const cdroms = planDrives(config, paths, 'cdrom', boot);
  const floppies = planFloppies(config, paths, platform);
  return {
    name: config.name,
    uuid: uuidOf(config.id),
    folder: paths.folder,
    host,
    platform,
    guest: guestById(config.guest),
    memoryMiB: memoryOn(platform, config.memoryMiB),
    topology: planTopology(config, platform),
    acpi: config.acpi,
    localClock: clockIsLocal(config.guest),
    videoMemoryMiB: config.videoMemoryMiB,
    serialPorts: config.serialPorts,
    sound: planSound(config, platform, host),
    clipboard: config.clipboard ?? 'off',
    boot,
    disks,
    cdroms,
    floppies,
    nics: config.nics.map((nic) => planNic(nic, platform, host.nicSockets[nic.id] ?? null, boot)),
    variables: host.firmware ? join(paths.folder, 'firmware', variablesName(config)) : null,
    tpm: planTpm(config, platform, paths),
    savedState: paths.savedState,
    hardware: hardwareDigest(config),
  };
}

/** Keys that are enrolled lie among the variables, so each kind of firmware has its own. */
function variablesName({ architecture, secureBoot }: MachineConfig): string {
  return `${architecture}${secureBoot ? '-secure' : ''}-variables.fd`;
}

function planTpm(config: MachineConfig, platform: Platform, { folder, qemu }: LaunchPaths): QemuPlan['tpm'] {
  if (!config.tpm) return null;
  if (!isPc(platform) && platform !== 'virt') throw unsupported(phrase('plan.noTpm', { board: platform }));
  const emulator = qemu?.tpmEmulator;
  if (emulator === undefined) throw unsupported(phrase('plan.noSwtpm'), phrase('plan.installIt'));
  return { emulator, folder: join(folder, 'firmware', 'tpm') };
}

/** @throws Failure `engine.unsupported` */
function planTopology(config: MachineConfig, platform: Platform): CpuTopology {
  const topology = topologyOf(config);
  if (processorCount(topology) !== config.cpus) {
    const { sockets, cores, threads } = topology;
    throw unsupported(phrase('plan.topology', { sockets, cores, threads, cpus: config.cpus }));
  }
  if (topology.threads > 1 && !hasThreads(platform)) throw unsupported(phrase('plan.threads'));
  return topology;
}

function checkBoard(config: MachineConfig, host: QemuLaunch): Platform {
  const platform = platformOfType(host.machineType);
  if (!platform) throw unsupported(phrase('plan.board', { type: host.machineType }));
  if (config.architecture !== host.architecture) {
    throw unsupported(phrase('plan.architecture', { runs: host.architecture, wanted: config.architecture }));
  }
  if (config.cpus > host.maxCpus) {
    throw unsupported(phrase('plan.cpus', { type: host.machineType, most: host.maxCpus }));
  }
  if (!config.acpi && !isPc(platform)) throw unsupported(phrase('plan.acpi'));
  if (config.secureBoot && config.firmware !== 'uefi') throw unsupported(phrase('plan.secureBoot'));
  if (config.firmware === 'uefi' && !host.firmware && host.bootLoader === undefined) {
    throw unsupported(phrase('plan.uefi'), phrase('plan.uefiHint'));
  }
  const ports = serialPortLimit(platform);
  if (config.serialPorts > ports) throw unsupported(phrase('plan.serialPorts', { most: ports }));
  return platform;
}

function serialPortLimit(platform: Platform): number {
  return platform === 's390-ccw-virtio' ? 1 : 4;
}

function planSound({ sound }: MachineConfig, platform: Platform, { audio }: QemuLaunch): QemuAudio | null {
  if (!sound) return null;
  if (platform === 's390-ccw-virtio') throw unsupported(phrase('plan.zSound'));
  return audio ?? { driver: 'none' };
}

/** A POWER computer's memory comes in blocks of 256 MiB; what is missing to the next one is added. */
function memoryOn(platform: Platform, memoryMiB: number): number {
  return platform === 'pseries' ? Math.ceil(memoryMiB / 256) * 256 : memoryMiB;
}

/**
 * The order in which the firmware tries kinds of devices. That of IBM Z looks at the first one and no further, so that
 * a CD in its drive comes before a disk there: otherwise nothing could be installed on an empty one.
 */
function bootOrder(
  { boot, drives }: MachineConfig,
  paths: LaunchPaths,
  platform: Platform,
): MachineConfig['boot'] {
  const hasCd = drives.some(({ id, kind }) => kind === 'cdrom' && paths.drives[id] !== undefined);
  if (platform !== 's390-ccw-virtio' || !hasCd || !boot.includes('cdrom')) return boot;
  return ['cdrom', ...boot.filter((kind) => kind !== 'cdrom')];
}

/** Far enough apart for all the devices of a kind. */
const kindStep = 10;

/**
 * The place in the order in which firmware tries devices; kinds that are not mentioned come last. It follows from
 * the device's id alone, so that one which is added while the machine runs has the same at the next start.
 */
function bootIndexOf(id: string, kind: MachineConfig['boot'][number], boot: MachineConfig['boot']): number {
  const order = [...new Set([...boot, 'disk' as const, 'cdrom' as const, 'floppy' as const])];
  return 1 + order.indexOf(kind) * kindStep + numberOf(id);
}

/** @throws Failure `engine.unsupported`, `file.not-found` */
export function planDisk(
  disk: DiskConfig,
  platform: Platform,
  path: string | undefined,
  boot: MachineConfig['boot'],
): PlannedDisk {
  const { id, bus } = disk;
  if (path === undefined) throw new Failure('file.not-found', phrase('device.noPlace', { disk: id }));
  if (bus === 'ide' && !isPc(platform)) throw unsupported(phrase('plan.ide'));
  if (platform === 's390-ccw-virtio' && bus !== 'virtio' && bus !== 'scsi') {
    throw unsupported(phrase('plan.zDisks', { bus }));
  }
  // Never guessed from the contents: a guest could write another format's header into a raw disk.
  const format = path.toLowerCase().endsWith('.qcow2') ? 'qcow2' : 'raw';
  return { id, path, format, bus, bootIndex: bootIndexOf(id, 'disk', boot) };
}

function planDrives(
  config: MachineConfig,
  paths: LaunchPaths,
  kind: 'cdrom' | 'floppy',
  boot: MachineConfig['boot'],
): PlannedDrive[] {
  return config.drives
    .filter((drive) => drive.kind === kind)
    .map(({ id }) => ({ id, path: paths.drives[id] ?? null, bootIndex: bootIndexOf(id, kind, boot) }));
}

function planFloppies(config: MachineConfig, paths: LaunchPaths, platform: Platform): PlannedDrive[] {
  const floppies = planDrives(config, paths, 'floppy', config.boot);
  if (isPc(platform)) {
    if (floppies.length > 2) throw unsupported(phrase('plan.floppies'));
    return floppies;
  }
  // Every new machine has an empty drive; boards without a controller just do not show it.
  if (floppies.some(({ path }) => path !== null)) throw unsupported(phrase('plan.pcFloppies'));
  return [];
}

/** @throws Failure `engine.unsupported` */
export function planNic(
  nic: NicConfig,
  platform: Platform,
  socket: string | null,
  boot: MachineConfig['boot'],
): PlannedNic {
  const { id, model, mac, connected } = nic;
  if (platform === 's390-ccw-virtio' && model !== 'virtio') {
    throw unsupported(phrase('plan.zCard', { model }));
  }
  const bootIndex = boot.includes('network') ? bootIndexOf(id, 'network', boot) : undefined;
  return { id, model, mac, connected, socket, bootIndex };
}

/** A UUID of version 8 (RFC 9562): bits of our own choosing, the same whenever the machine starts. */
function uuidOf(machineId: string): string {
  const bytes = createHash('sha256').update(`vivarium ${machineId}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
