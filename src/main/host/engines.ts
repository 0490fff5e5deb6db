import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import type { EngineStatus } from '@shared/host/report';

/** What the embedded engine needs below `resources/bios`. */
const firmwareFiles = ['seabios.bin', 'vgabios.bin'];

/** The engines that this build knows, as they are on this computer now. */
export interface EngineCatalogue {
  list(): Promise<EngineStatus[]>;
  find(id: string): Promise<EngineStatus | undefined>;
}

/** @param development offers engines that exist for tests */
export function engineCatalogue(
  biosFolder: string,
  development: boolean,
  qemu?: { status(): Promise<EngineStatus> },
): EngineCatalogue {
  async function list(): Promise<EngineStatus[]> {
    const missing = await missingFirmware(biosFolder);
    const v86: EngineStatus = {
      capabilities: v86Capabilities,
      available: missing === undefined,
      problem: missing?.toValue() ?? null,
    };
    const fake: EngineStatus = { capabilities: fakeCapabilities, available: true, problem: null };
    const known = qemu ? [v86, await qemu.status()] : [v86];
    return development ? [...known, fake] : known;
  }
  return {
    list,
    async find(id) {
      // Asking QEMU takes longer than all the rest.
      if (id === 'qemu' && qemu) return qemu.status();
      return (await list()).find(({ capabilities }) => capabilities.id === id);
    },
  };
}

/** Undefined when the firmware is there. */
export async function missingFirmware(biosFolder: string): Promise<Failure | undefined> {
  for (const file of firmwareFiles) {
    try {
      await access(join(biosFolder, file));
    } catch (error) {
      return new Failure('engine.not-found', `The firmware of the embedded engine is missing: ${file}.`, {
        hint: 'Run “npm run resources” in the program’s folder.',
        cause: error,
      });
    }
  }
  return undefined;
}
