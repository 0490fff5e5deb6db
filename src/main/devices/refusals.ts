import { Failure } from '@shared/errors';
import type { HotPlugRefusal } from '@shared/machine/devices';
import { phrase } from '@shared/phrases/phrase';
import type { Machine } from '../machines/machine';

/** @throws Failure `engine.unsupported` with the reason, when there is one */
export function refuseHotPlug(machine: Machine, refusal: HotPlugRefusal | undefined): void {
  if (refusal === undefined) return;
  throw new Failure('engine.unsupported', phrase(`devices.${refusal}`, { name: machine.name }), {
    hint: phrase('devices.offHint'),
  });
}

/** A guest that stands still cannot let a device go. */
export function standsStill({ name }: Machine): Failure {
  return new Failure('machine.wrong-state', phrase('devices.paused', { name }), {
    hint: phrase('devices.pausedHint'),
  });
}

export function tooMany(): Failure {
  return new Failure('engine.unsupported', phrase('devices.full'));
}

/** @throws Failure `input.invalid` */
export function requireDevice<T extends { id: string }>(
  { name }: Machine,
  devices: readonly T[],
  id: string,
): T {
  const found = devices.find((device) => device.id === id);
  if (found) return found;
  throw new Failure('input.invalid', phrase('devices.missing', { name, device: id }));
}
