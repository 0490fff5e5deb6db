import { isPc } from '@shared/engine/qemu/platform';
import type { QemuPlan } from '../plan';
import { json, type JsonObject, keyValues } from './escape';

/** The name of the way by which all sound leaves the guest. */
export const soundLine = 'sound-line';

/**
 * A sound card that the guest knows, and where its sound goes on this computer. The guest gets loudspeakers only: a
 * stranger does not listen to the room. (The speaker of a PC is part of its board; see `machine.ts`.)
 */
export function soundArguments(plan: QemuPlan): string[] {
  if (!plan.sound) return [];
  const { driver, path } = plan.sound;
  return [
    '-audiodev',
    keyValues(driver, { id: soundLine, 'in.voices': 0, ...(path === undefined ? {} : { path }) }),
    ...devices(plan).flatMap((device) => ['-device', json(device)]),
  ];
}

function devices({ platform, guest, host }: QemuPlan): JsonObject[] {
  const card = { id: 'sound', audiodev: soundLine };
  if (isPc(platform)) {
    if (guest.soundCard === 'sb16') return [{ driver: 'sb16', ...card }];
    if (guest.soundCard === 'ac97') return [{ driver: 'AC97', ...card }];
  } else if (host.devices.includes('virtio-sound-pci') && guest.family === 'linux') {
    return [{ driver: 'virtio-sound-pci', streams: 1, ...card }];
  }
  const controller = platform === 'pc-q35' ? 'ich9-intel-hda' : 'intel-hda';
  return [
    { driver: controller, id: 'sound-controller' },
    { driver: 'hda-output', bus: 'sound-controller.0', ...card },
  ];
}
