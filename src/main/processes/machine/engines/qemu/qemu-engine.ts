import type { Engine } from '../../engine';
import { hostImages, type ImageOpener } from '../../images';
import { Launch } from './launch';
import { planQemu, type QemuPlan } from './plan';

/** @param images how images are looked at before QEMU opens them; tests put faulty ones in between */
export function createQemuEngine(images: ImageOpener = hostImages): Engine<QemuPlan> {
  return {
    id: 'qemu',
    plan: planQemu,
    launch: (plan, events) => new Launch(plan, events, images).run(),
  };
}

export const qemuEngine = createQemuEngine();
