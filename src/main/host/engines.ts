import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import type { EngineStatus } from '@shared/host/report';
import { phrase } from '@shared/phrases/phrase';

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
      problem: missing === undefined ? null : firmwareFailure(missing).toValue(),
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

/** The first file of the embedded engine's firmware that is not there. */
export async function missingFirmware(biosFolder: string): Promise<string | undefined> {
  for (const file of firmwareFiles) {
    try {
      await access(join(biosFolder, file));
    } catch {
      return file;
    }
  }
  return undefined;
}

function firmwareFailure(file: string): Failure {
  return new Failure('engine.not-found', phrase('host.firmwareMissing', { file }), {
    hint: phrase('host.buildResources'),
  });
}
