import { Failure } from '@shared/errors';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import { sharedPieces, verifyShared } from '../memory-chunks/shared-image';
import {
  corrupt,
  digestLength,
  formatVersions,
  magic,
  savedStateHeader,
  type SavedStateHeader,
} from './format';
import { type SummedFile, withSummedFile } from './summed-file';
import { type TakePiece, wholePieces } from './whole-pieces';
import type { SavedStateIdentity } from './writer';

/** In bytes. */
const verifiedAtOnce = 1024 * 1024;

/**
 * The header of a saved state, with its own checksum tested, but not the data.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch` (a newer format)
 */
export function readHeader(path: string): Promise<SavedStateHeader> {
  return withSummedFile(path, async (file) => (await takeHeader(file)).header);
}

/**
 * Refuses a saved state that was made by another engine, version or hardware than `wanted`.
 * @throws Failure `saved-state.mismatch`
 */
export function checkHeader(header: SavedStateHeader, wanted: SavedStateIdentity): void {
  const mismatch = (message: Phrase): Failure =>
    new Failure('saved-state.mismatch', message, { hint: phrase('problem.savedStateHint') });
  if (header.engine !== wanted.engine) {
    throw mismatch(phrase('problem.savedByEngine', { engine: header.engine, wanted: wanted.engine }));
  }
  if (header.engineVersion !== wanted.engineVersion) {
    throw mismatch(
      phrase('problem.savedByVersion', { version: header.engineVersion, wanted: wanted.engineVersion }),
    );
  }
  if (header.hardwareDigest !== wanted.hardwareDigest) {
    throw mismatch(phrase('problem.savedByHardware'));
  }
}

/**
 * The whole memory image. Every byte of it has been checked when it resolves.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch`
 */
export async function readSavedState(
  path: string,
  wanted: SavedStateIdentity,
  progress: (done: number, total: number) => void = () => {},
): Promise<ArrayBuffer> {
  let data: Uint8Array<ArrayBuffer> | undefined;
  let done = 0;
  await readPieces(path, wanted, async (piece, total) => {
    data ??= allocate(total);
    data.set(piece, done);
    done += piece.length;
    progress(done, total);
  });
  return data?.buffer ?? new ArrayBuffer(0);
}

/**
 * The same piece by piece, for images that need not be in memory as a whole. Each piece has been checked when
 * `take` gets it; that the file is complete and nothing is missing is only known when this resolves.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch`, and whatever `take` rejects with
 */
export function streamSavedState(path: string, wanted: SavedStateIdentity, take: TakePiece): Promise<void> {
  return readPieces(path, wanted, take);
}

/**
 * Whether every byte of an image is what was written, without unpacking it: before anything is changed for its sake.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch` (a newer format)
 */
export function verifySavedState(path: string): Promise<void> {
  return withSummedFile(path, async (file) => {
    const { version, header } = await takeHeader(file);
    if (version === formatVersions.shared) return verifyShared(file, header);
    const length = file.size - digestLength - file.position;
    if (length < 0) throw corrupt(path, 'its end is missing');
    const memory = new Uint8Array(verifiedAtOnce);
    for (let left = length; left > 0; left -= verifiedAtOnce) {
      await file.takeInto(memory.subarray(0, Math.min(left, verifiedAtOnce)));
    }
    await file.checkDigest('it fails its checksum');
  });
}

function readPieces(path: string, wanted: SavedStateIdentity, take: TakePiece): Promise<void> {
  return withSummedFile(path, async (file) => {
    const { version, header } = await takeHeader(file);
    checkHeader(header, wanted);
    await (version === formatVersions.shared ? sharedPieces : wholePieces)(file, header, take);
  });
}

async function takeHeader(file: SummedFile): Promise<{ version: number; header: SavedStateHeader }> {
  const { version, json } = await file.takeBeginning(magic);
  if (version !== formatVersions.whole && version !== formatVersions.shared) {
    throw new Failure('saved-state.mismatch', phrase('memory.stateNewer', { path: file.path, version }));
  }
  try {
    return { version, header: savedStateHeader.parse(JSON.parse(json)) };
  } catch (error) {
    throw corrupt(file.path, 'its header makes no sense', error);
  }
}

function allocate(total: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(total);
  } catch (error) {
    throw new Failure('host.unavailable', phrase('memory.noMemory', { size: total }), {
      cause: error,
    });
  }
}
