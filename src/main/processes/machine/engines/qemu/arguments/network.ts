import type { PlannedNic, QemuPlan } from '../plan';
import { json, keyValues } from './escape';

/** Network cards. Their cables go to a switch by a stream socket, or end nowhere. */
export function networkArguments(plan: QemuPlan): string[] {
  return plan.nics.flatMap((nic, index) => [
    ...['-netdev', cable(nic, index)],
    '-device',
    json({
      driver: driver(nic, plan),
      id: nic.id,
      netdev: `${nic.id}-cable`,
      mac: nic.mac,
      bootindex: nic.bootIndex,
      // The card's own program only starts systems from the network, and takes its time to say that it could.
      romfile: nic.bootIndex === undefined && plan.platform !== 's390-ccw-virtio' ? '' : undefined,
    }),
  ]);
}

/** QEMU listens and the switch connects, because then the cable works again when the switch has been restarted. */
function cable({ id, socket }: PlannedNic, index: number): string {
  if (socket === null) return keyValues('hubport', { id: `${id}-cable`, hubid: index });
  return json({
    type: 'stream',
    id: `${id}-cable`,
    server: true,
    addr: { type: 'unix', path: socket },
  });
}

function driver({ model }: PlannedNic, { platform }: QemuPlan): string {
  switch (model) {
    case 'virtio':
      return platform === 's390-ccw-virtio' ? 'virtio-net-ccw' : 'virtio-net-pci';
    case 'e1000':
      return 'e1000';
    case 'ne2k':
      return 'ne2k_pci';
  }
}
