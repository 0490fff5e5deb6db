import { readFile, rm } from 'node:fs/promises';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import type { MachineConfig } from '@shared/machine/config';
import { hardwareDigest } from '../disks/saved-state/hardware-digest';
import { checkHeader, readHeader } from '../disks/saved-state/reader';
import { syncFolder } from '../platform/sync-folder';
import { layoutOf } from './layout';

/**
 * A machine has a saved state exactly when `saved/state.viv` is there. It is made by a rename, when it is whole,
 * and removed by the machine's process between the last moment at which nothing has been changed and the first
 * instruction of the guest: whenever a process dies, there is either the saved state, or disks that have gone on.
 */
export async function removeSavedState(folder: string): Promise<void> {
  const { saved, savedState } = layoutOf(folder);
  await rm(savedState, { force: true });
  try {
    await syncFolder(saved);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return; // there never was one
    throw error;
  }
  // The rest is the picture, and what a killed process had not finished.
  await rm(saved, { recursive: true, force: true });
}

/**
 * Refuses a saved state that this engine or this hardware cannot go on from, before anything is touched.
 *
 * @throws Failure `saved-state.mismatch`, `saved-state.corrupt`, `file.*`
 */
export async function checkSavedState(
  path: string,
  config: MachineConfig,
  engine: EngineCapabilities,
): Promise<void> {
  checkHeader(await readHeader(path), {
    engine: engine.id,
    engineVersion: engine.stateVersion ?? engine.version,
    hardwareDigest: hardwareDigest(config),
  });
}

/** The screen at the moment of the saved state as PNG, or null. */
export async function readSavedScreen(folder: string): Promise<Uint8Array | null> {
  try {
    return await readFile(layoutOf(folder).savedScreen);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
}
