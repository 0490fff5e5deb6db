import type { Platform } from '@shared/engine/qemu/platform';
import { json, type JsonObject } from './escape';

/**
 * Where on the board's buses disks and network cards sit. It follows from a device's id alone: one that is added
 * while the machine runs sits at the same place when the machine is started the next time, and nothing else moves
 * when one is removed. A guest's memory that was saved in between is good for the next start because of that.
 *
 * - PCI Express (Q35, `virt`): each has a root port of its own, since only these take devices while a guest runs.
 *   The ports are always there. Cards of conventional PCI sit on the root bus: behind a port they would need a
 *   window of I/O addresses, of which a PC has not enough for all ports.
 * - Conventional PCI (i440FX, pSeries): slots of the root bus, which take devices at any time. Those that QEMU fills
 *   by itself are below.
 * - Channel devices of IBM Z: numbers above those that QEMU gives by itself.
 */

/** Ids run from 0 to 7, as functions of a PCI slot do. */
const places = 8;
const diskSlot = 0x10;
const nicSlot = 0x18;
/** The root ports share two slots; the conventional cards of those boards come before them. */
const diskPortSlot = 0x18;
const nicPortSlot = 0x19;
const expressNicSlot = 0x10;
const diskChannel = 0xd00;
const nicChannel = 0xe00;
/** On the SCSI bus, CDs come after the disks. */
const cdTarget = 8;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** The number in a device's id. */
export function numberOf(id: string): number {
  return Number(id.replace(/\D/g, ''));
}

export function isExpress(platform: Platform): boolean {
  return platform === 'pc-q35' || platform === 'virt';
}

const portOf = (id: string): string => `${id}-port`;

/** The root ports of a board with PCI Express. They reserve no I/O addresses: what sits behind them needs none. */
export function portArguments(platform: Platform): string[] {
  if (!isExpress(platform)) return [];
  const port = (kind: 'disk' | 'nic', slot: number, first: number, number: number): string[] => [
    '-device',
    json({
      driver: 'pcie-root-port',
      id: portOf(`${kind}${number}`),
      bus: 'pcie.0',
      addr: `${hex(slot)}.${number}`,
      multifunction: true,
      chassis: 1,
      slot: first + number,
      port: first + number,
      'io-reserve': 0,
    }),
  ];
  const numbers = Array.from({ length: places }, (_, number) => number);
  return [
    ...numbers.flatMap((number) => port('disk', diskPortSlot, 1, number)),
    ...numbers.flatMap((number) => port('nic', nicPortSlot, 1 + places, number)),
  ];
}

/** For virtio-blk and NVMe. */
export function diskPlace(platform: Platform, id: string): JsonObject {
  if (platform === 's390-ccw-virtio') return channel(diskChannel, id);
  if (isExpress(platform)) return { bus: portOf(id) };
  return { addr: hex(diskSlot + numberOf(id)) };
}

/** @param conventional a card of conventional PCI, not virtio */
export function nicPlace(platform: Platform, id: string, conventional: boolean): JsonObject {
  if (platform === 's390-ccw-virtio') return channel(nicChannel, id);
  if (!isExpress(platform)) return { addr: hex(nicSlot + numberOf(id)) };
  return conventional ? { bus: 'pcie.0', addr: hex(expressNicSlot + numberOf(id)) } : { bus: portOf(id) };
}

/** For disks and CDs on the SCSI controller. */
export function scsiPlace(id: string): JsonObject {
  const target = numberOf(id) + (id.startsWith('cd') ? cdTarget : 0);
  return { bus: 'scsi.0', 'scsi-id': target, lun: 0 };
}

function channel(first: number, id: string): JsonObject {
  return { devno: `fe.0.${(first + numberOf(id)).toString(16).padStart(4, '0')}` };
}
