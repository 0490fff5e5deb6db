import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
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

const probeResult = z.object({ works: z.boolean(), tookMs: z.number(), reason: z.string().nullable() });

/** Which hardware accelerators really run a guest here; remembered until the computer or the emulator changes. */
export class Accelerators {
  readonly #probes: Remembered<ProbeResult>;
  readonly #once = new Once();

  constructor(
    private readonly platform: NodeJS.Platform,
    private readonly hostArchitecture: string,
    cacheFolder: string,
  ) {
    this.#probes = new Remembered(join(cacheFolder, 'qemu-accelerators.json'), probeResult);
  }

  /** The accelerator that this system may have. */
  get candidate(): Hardware | undefined {
    return hardware[this.platform];
  }

  /** What a machine of this emulator runs on. */
  async choose(emulator: Emulator, architecture: Architecture): Promise<Accelerator> {
    const { candidate } = this;
    return candidate && (await this.probe(emulator, architecture))?.works ? candidate : 'tcg';
  }

  /** Undefined where there is nothing to try: another kind of processor, or not built in, or not there. */
  async probe(emulator: Emulator, architecture: Architecture): Promise<ProbeResult | undefined> {
    const { candidate } = this;
    const { path, facts } = emulator;
    if (!candidate || !facts.accelerators.includes(candidate)) return undefined;
    if (!nativeGuests[this.hostArchitecture]?.includes(architecture)) return undefined;
    if (candidate === 'kvm' && !(await canUseKvm())) {
      return { works: false, tookMs: 0, reason: '/dev/kvm is not there, or this user may not use it.' };
    }
    const names = facts.machines.map(({ name }) => name);
    const type =
      newestType('pc-i440fx', names) ?? newestType('pc-q35', names) ?? newestType('virt', names) ?? null;
    if (type === null) return undefined;
    const model = hardwareModel(candidate);
    const key = [await bootId(), await fileKey(path), architecture, candidate, model].join('|');
    return this.#once.ask(key, async () => {
      const known = await this.#probes.get(key);
      if (known) return known;
      const result = await probeAccelerator(path, architecture, type, candidate, model);
      await this.#probes.set(key, result);
      return result;
    });
  }
}

async function canUseKvm(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
