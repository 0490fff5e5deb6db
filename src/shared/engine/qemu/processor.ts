import type { Accelerator } from './launch';
import type { Platform } from './platform';

/** How a guest's processor is made: QEMU's `-cpu` and `-accel`. */
export interface ProcessorChoice {
  cpuModel: string;
  /** Arguments of the accelerator besides its name. */
  acceleratorOptions: '' | ',thread=multi';
}

/**
 * The rule for processors. `hostArchitecture` as Node names it; `hasMax`: the emulator has a model of that name.
 *
 * - A model that a person has chosen (`chosen`) is the one.
 * - With a hardware accelerator the guest gets the host's own processor (`host`): that is what runs at full speed,
 *   and a state saved on this computer is restored on this computer. QEMU has no such model on Windows (`whpx`):
 *   there it is `max`.
 * - Without one (TCG) it gets everything that QEMU can translate (`max`), so that no system finds a feature missing;
 *   `max` stays the same for one version of QEMU. 32-bit PCs get `max` too: their emulator masks 64 bits.
 *   POWER and IBM Z have no useful `max` for a board, and older emulators of RISC-V have none: they take the
 *   board's own default.
 * - TCG translates each virtual CPU in a thread of its own (`thread=multi`) where memory ordering allows it, which is
 *   every pair of processors supported here except a strongly ordered guest (x86, IBM Z) on a weakly ordered host;
 *   QEMU decides that itself when it is not told, so it is told only where it is known to be right.
 */
export function processorFor(
  accelerator: Accelerator,
  platform: Platform,
  hostArchitecture: string,
  hasMax: boolean,
  chosen: string | null = null,
): ProcessorChoice {
  if (accelerator !== 'tcg')
    return { cpuModel: chosen ?? hardwareModel(accelerator), acceleratorOptions: '' };
  const stronglyOrderedGuest =
    platform === 'pc-q35' || platform === 'pc-i440fx' || platform === 's390-ccw-virtio';
  const multi = hostArchitecture === 'x64' || !stronglyOrderedGuest;
  const ownModel = !hasMax || platform === 'pseries' || platform === 's390-ccw-virtio';
  return {
    cpuModel: chosen ?? (ownModel ? 'default' : 'max'),
    acceleratorOptions: multi ? ',thread=multi' : '',
  };
}

/** The model of the host's own processor, as an accelerator names it. */
export function hardwareModel(accelerator: Exclude<Accelerator, 'tcg'>): string {
  return accelerator === 'whpx' ? 'max' : 'host';
}

/**
 * How disk images are cached: through the host's page cache (QEMU's `writeback`), with the guest's flushes passed
 * on. Writing around the cache would need a file system that allows it, and gains little for sparse images.
 */
export const diskCache = { direct: false, 'no-flush': false } as const;
