import { Failure } from '@shared/errors';
import type { HotPlugRefusal } from '@shared/machine/devices';
import type { Machine } from '../machines/machine';

const reasons: Record<HotPlugRefusal, string> = {
  engine: 'its engine adds and removes such devices only while the machine is off',
  kind: 'a device of this kind can only be added or removed while the machine is off',
  acpi: 'without ACPI nobody tells the guest of it',
  controller: 'its controller would have to be added or removed with it',
};

/** @throws Failure `engine.unsupported` with the reason, when there is one */
export function refuseHotPlug(machine: Machine, refusal: HotPlugRefusal | undefined): void {
  if (refusal === undefined) return;
  throw new Failure('engine.unsupported', `“${machine.name}” runs, and ${reasons[refusal]}.`, {
    hint: 'Power the machine off first.',
  });
}

/** @throws Failure `input.invalid` */
export function requireDevice<T extends { id: string }>(
  machine: Machine,
  devices: readonly T[],
  id: string,
): T {
  const found = devices.find((device) => device.id === id);
  if (found) return found;
  throw new Failure('input.invalid', `“${machine.name}” has no device “${id}”.`);
}
