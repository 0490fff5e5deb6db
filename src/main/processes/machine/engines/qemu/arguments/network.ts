import type { Platform } from '@shared/engine/qemu/platform';
import type { PlannedNic, QemuPlan } from '../plan';
import { pipePrefix } from '../sockets';
import { json, type JsonObject } from './escape';
import { nicPlace, numberOf } from './places';

/** Network cards. Their cables go to a switch by a stream socket, or end nowhere. */
export function networkArguments({ nics, platform }: QemuPlan): string[] {
  return nics.flatMap((nic) => [
    ...['-netdev', json(nicCable(nic))],
    ...['-device', json(nicDevice(nic, platform))],
  ]);
}

/** The name of a card's cable. */
export function cableOf(nic: string): string {
  return `${nic}-cable`;
}

/** QEMU listens and the switch connects, because then the cable works again when the switch has been restarted. */
export function nicCable({ id, socket }: PlannedNic): JsonObject & { type: string; id: string } {
  // QEMU has no network over the pipes of Windows.
  if (socket === null || socket.startsWith(pipePrefix))
    return { type: 'hubport', id: cableOf(id), hubid: numberOf(id) };
  return { type: 'stream', id: cableOf(id), server: true, addr: { type: 'unix', path: socket } };
}

export function nicDevice(
  { id, model, mac, bootIndex }: PlannedNic,
  platform: Platform,
): JsonObject & { driver: string; id: string } {
  return {
    driver: driver(model, platform),
    id,
    ...nicPlace(platform, id, model !== 'virtio'),
    netdev: cableOf(id),
    mac,
    bootindex: bootIndex,
    // The card's own program only starts systems from the network, and takes its time to say that it could.
    romfile: bootIndex === undefined && platform !== 's390-ccw-virtio' ? '' : undefined,
  };
}

function driver(model: PlannedNic['model'], platform: Platform): string {
  switch (model) {
    case 'virtio':
      return platform === 's390-ccw-virtio' ? 'virtio-net-ccw' : 'virtio-net-pci';
    case 'e1000':
      return 'e1000';
    case 'ne2k':
      return 'ne2k_pci';
  }
}
