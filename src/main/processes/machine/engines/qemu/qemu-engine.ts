import type { Engine } from '../../engine';
import { hostImages, type ImageOpener } from '../../images';
import { Launch } from './launch';
import { planQemu, type QemuPlan } from './plan';
import type { QemuSockets } from './sockets';

/**
 * @param images how images are looked at before QEMU opens them; tests put faulty ones in between
 * @param unplugMs how long a guest may take to let a device go, in milliseconds
 * @param newSockets how QEMU is reached, where it is not by the system's usual way
 */
export function createQemuEngine(
  images: ImageOpener = hostImages,
  unplugMs?: number,
  newSockets?: () => Promise<QemuSockets>,
): Engine<QemuPlan> {
  return {
    id: 'qemu',
    plan: planQemu,
    launch: (plan, events) => new Launch(plan, events, images, unplugMs, newSockets).run(),
  };
}

export const qemuEngine = createQemuEngine();
