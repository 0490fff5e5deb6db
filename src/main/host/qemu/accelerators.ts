import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Accelerator } from '@shared/engine/qemu/launch';
import { newestType } from '@shared/engine/qemu/platform';
import { hardwareModel } from '@shared/engine/qemu/processor';
import type { Architecture } from '@shared/machine/config';
import { bootId } from '../../platform/file-lock';
import { probeAccelerator, type ProbeResult } from './accelerator-probe';
import type { Emulator } from './emulators';
import { Once } from './once';
import { fileKey, Remembered } from './remembered';

type Hardware = Exclude<Accelerator, 'tcg'>;

/** Guests that a host's processors can run by themselves. */
const nativeGuests: Record<string, readonly Architecture[]> = {
  x64: ['x86_64', 'i386'],
  arm64: ['aarch64'],
};
const hardware: Partial<Record<NodeJS.Platform, Hardware>> = {
  linux: 'kvm',
  darwin: 'hvf',
  win32: 'whpx',
};

const probeResult = z.object({
  works: z.boolean(),
  tookMs: z.number(),
  reason: z.string().nullable(),
  late: z.boolean().default(false),
});

/** Which hardware accelerators really run a guest here; remembered until the computer or the emulator changes. */
export class Accelerators {
  readonly #probes: Remembered<ProbeResult>;
  readonly #once = new Once();

  constructor(
    private readonly platform: NodeJS.Platform,
    private readonly hostArchitecture: string,
    cacheFolder: string,
    /** How long a probe may take, in milliseconds. */
    private readonly limitMs?: number,
  ) {
    this.#probes = new Remembered(join(cacheFolder, 'qemu-accelerators.json'), probeResult);
  }

  /** The accelerator that this system may have. */
  get candidate(): Hardware | undefined {
    return hardware[this.platform];
  }

  /** What a machine of this emulator runs on. @param chosen the processor model that a person has chosen for it */
  async choose(
    emulator: Emulator,
    architecture: Architecture,
    chosen: string | null = null,
  ): Promise<Accelerator> {
    const { candidate } = this;
    return candidate && (await this.probe(emulator, architecture, chosen))?.works ? candidate : 'tcg';
  }

  /** Undefined where there is nothing to try: another kind of processor, or not built in, or not there. */
  async probe(
    emulator: Emulator,
    architecture: Architecture,
    chosen: string | null = null,
  ): Promise<ProbeResult | undefined> {
    const { candidate } = this;
    const { path, facts } = emulator;
    if (!candidate || !facts.accelerators.includes(candidate)) return undefined;
    if (!nativeGuests[this.hostArchitecture]?.includes(architecture)) return undefined;
    if (candidate === 'kvm' && !(await canUseKvm())) {
      return {
        works: false,
        tookMs: 0,
        late: false,
        reason: '/dev/kvm is not there, or this user may not use it.',
      };
    }
    const names = facts.machines.map(({ name }) => name);
    const type =
      newestType('pc-i440fx', names) ?? newestType('pc-q35', names) ?? newestType('virt', names) ?? null;
    if (type === null) return undefined;
    const model = chosen ?? hardwareModel(candidate);
    const key = [await thisBoot(), await fileKey(path), architecture, candidate, model].join('|');
    return this.#once.ask(key, async () => {
      const known = await this.#probes.get(key);
      if (known) return known;
      const result = await probeAccelerator(path, architecture, type, candidate, model, this.limitMs);
      const probe = { architecture, type, result };
      if (await this.#isConclusive(path, probe)) await this.#probes.set(key, result);
      return result;
    });
  }

  /**
   * A guest that was not through in time on a computer with much else to do says nothing about the accelerator. It is
   * the accelerator that is slow when the same guest is in time without one.
   */
  async #isConclusive(
    path: string,
    { architecture, type, result }: { architecture: Architecture; type: string; result: ProbeResult },
  ): Promise<boolean> {
    if (!result.late) return true;
    const { works } = await probeAccelerator(path, architecture, type, 'tcg', 'max', this.limitMs);
    return works;
  }
}

/** Differs between two boots of this computer; where the system has no name for them, by when it was started. */
async function thisBoot(): Promise<string> {
  const id = await bootId();
  // To ten minutes: the clock may be set meanwhile, and a probe too many does no harm.
  return id === 'unknown' ? `${Math.round((Date.now() / 1000 - uptime()) / 600)}` : id;
}

async function canUseKvm(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
