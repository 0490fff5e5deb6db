import { z } from 'zod';
import type { EngineCapabilities } from '../engine/capabilities';
import { networkId } from '../network/config';
import {
  type DiskConfig,
  type DriveConfig,
  type MachineConfig,
  machineConfig,
  type NicConfig,
} from './config';

/** Disks, drives and network cards of a configuration, and how they come and go. Everything here is pure. */

const { bus } = machineConfig.shape.disks.element.shape;
const { model, mac } = machineConfig.shape.nics.element.shape;

/** A disk that a machine is to get: empty, or with the contents of an image, which is copied. */
export const newDisk = z.strictObject({
  bus,
  source: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('new'),
      sizeMiB: z
        .number()
        .int()
        .min(1)
        .max(2 * 1024 * 1024),
    }),
    z.strictObject({ kind: z.literal('copy'), path: z.string().min(1).max(4096) }),
  ]),
});
export type NewDisk = z.infer<typeof newDisk>;

/** What becomes of the image of a disk that is removed: it stays in the machine's folder, or goes. */
export const removedImage = z.enum(['keep', 'trash', 'erase']);
export type RemovedImage = z.infer<typeof removedImage>;

/** A card that a machine is to get. Without an address it gets one that no other machine has. */
export const newNic = z.strictObject({ model, network: networkId.nullable(), mac: mac.optional() });
export type NewNic = z.infer<typeof newNic>;

/** What is given changes. Cable and network can be changed at any time, the rest of a machine that is off. */
export const nicChange = z
  .strictObject({ model, mac, connected: z.boolean(), network: networkId.nullable() })
  .partial();
export type NicChange = z.infer<typeof nicChange>;

/** Ids run from 0 to 7; see `config.ts`. */
const most = 8;

type Prefix = 'disk' | 'nic' | 'cd' | 'floppy';

/** The lowest free id of its kind; undefined when all are taken. */
export function freeDeviceId(
  config: Pick<MachineConfig, 'disks' | 'drives' | 'nics'>,
  prefix: Prefix,
): string | undefined {
  const taken = new Set([...config.disks, ...config.drives, ...config.nics].map(({ id }) => id));
  return Array.from({ length: most }, (_, number) => `${prefix}${number}`).find((id) => !taken.has(id));
}

/**
 * In the order of their ids, so that devices that come and go while a machine runs leave the same configuration as
 * if they had never been away: what a guest sees of its hardware depends on the order.
 */
const inOrder = <T extends { id: string }>(devices: T[]): T[] =>
  devices.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

export function withDisk(config: MachineConfig, disk: DiskConfig): MachineConfig {
  return { ...config, disks: inOrder([...config.disks.filter(({ id }) => id !== disk.id), disk]) };
}

/** CDs before floppies. */
export function withDrive(config: MachineConfig, drive: DriveConfig): MachineConfig {
  return { ...config, drives: inOrder([...config.drives.filter(({ id }) => id !== drive.id), drive]) };
}

export function withNic(config: MachineConfig, nic: NicConfig): MachineConfig {
  return { ...config, nics: inOrder([...config.nics.filter(({ id }) => id !== nic.id), nic]) };
}

/** The configuration without the device of that id. */
export function withoutDevice(config: MachineConfig, id: string): MachineConfig {
  const others = <T extends { id: string }>(devices: T[]): T[] =>
    devices.filter((device) => device.id !== id);
  return {
    ...config,
    disks: others(config.disks),
    drives: others(config.drives),
    nics: others(config.nics),
  };
}

/** Why a device can neither be added nor removed while the machine runs. */
export type HotPlugRefusal =
  /** The engine adds and removes nothing of that kind while a machine runs. */
  | 'engine'
  /** Not on this bus, or not of this model. */
  | 'kind'
  /** The guest is told of such changes by ACPI, which is switched off. */
  | 'acpi'
  /** The bus's controller is there for this device only, so that it would have to come or go as well. */
  | 'controller';

/** @param id of a disk that is there; undefined for one that is to be added */
export function diskHotPlugRefusal(
  config: MachineConfig,
  can: Pick<EngineCapabilities, 'hotPlug'>,
  bus: DiskConfig['bus'],
  id?: string,
): HotPlugRefusal | undefined {
  const { hotPlug } = can;
  if (!hotPlug || hotPlug.diskBuses.length === 0) return 'engine';
  if (!hotPlug.diskBuses.includes(bus)) return 'kind';
  if (bus !== 'scsi') return pciRefusal(config);
  return hasScsiBesides(config, id) ? undefined : 'controller';
}

export function nicHotPlugRefusal(
  config: MachineConfig,
  can: Pick<EngineCapabilities, 'hotPlug'>,
  model: NicConfig['model'],
): HotPlugRefusal | undefined {
  const { hotPlug } = can;
  if (!hotPlug || hotPlug.nicModels.length === 0) return 'engine';
  if (!hotPlug.nicModels.includes(model)) return 'kind';
  return pciRefusal(config);
}

const isPc = ({ architecture }: Pick<MachineConfig, 'architecture'>): boolean =>
  architecture === 'i386' || architecture === 'x86_64';

function pciRefusal(config: MachineConfig): HotPlugRefusal | undefined {
  return isPc(config) && !config.acpi ? 'acpi' : undefined;
}

/** CDs are on SCSI where there is no IDE. */
function hasScsiBesides(config: MachineConfig, id: string | undefined): boolean {
  return (
    config.disks.some((disk) => disk.bus === 'scsi' && disk.id !== id) ||
    (!isPc(config) && config.drives.some(({ kind }) => kind === 'cdrom'))
  );
}

/** What is wrong with a hardware address (IEEE 802) for a card. */
export type MacProblem = 'malformed' | 'group' | 'taken';

/** @param taken addresses of all other cards, in lower case */
export function macProblem(mac: string, taken: ReadonlySet<string>): MacProblem | undefined {
  const lower = mac.toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(lower) || lower === '00:00:00:00:00:00') return 'malformed';
  // The lowest bit of the first byte tells a group's address from a single card's.
  if (parseInt(lower.slice(0, 2), 16) & 1) return 'group';
  return taken.has(lower) ? 'taken' : undefined;
}
