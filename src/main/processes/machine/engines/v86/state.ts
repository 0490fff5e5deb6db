import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { StateSink } from '../../engine';
import type { Emulator } from './emulator';

/** Pieces in which a memory image is handed on, in bytes. */
const pieceLength = 4 * 1024 * 1024;

/** Precondition: the processor stands still and no disk request is under way. */
export function saveState(emulator: Emulator, sink: StateSink): Promise<void> {
  return writeImage(copyState(emulator), sink);
}

/** A copy of the whole state, with the same precondition; the processor may run on while it is written. */
export function copyState(emulator: Emulator): Uint8Array {
  return new Uint8Array(emulator.save());
}

export async function writeImage(image: Uint8Array, sink: StateSink): Promise<void> {
  sink.expect?.(image.length);
  for (let at = 0; at < image.length; at += pieceLength) {
    await sink.write(image.subarray(at, at + pieceLength));
  }
}

/**
 * Precondition: the emulator has been built for the same hardware and has never run.
 * @throws Failure `saved-state.mismatch`; the emulator must be thrown away then
 */
export function restoreState(emulator: Emulator, image: ArrayBuffer): void {
  try {
    emulator.restore(image);
  } catch (error) {
    if (toErrorValue(error).code === 'saved-state.mismatch') throw error;
    throw new Failure('saved-state.mismatch', phrase('memory.v86Cannot'), {
      cause: error,
    });
  }
}
