import { hash } from 'node:crypto';
import { corrupt, type SavedStateHeader } from '../saved-state/format';
import type { SummedFile } from '../saved-state/summed-file';
import type { TakePiece } from '../saved-state/whole-pieces';
import { type ChunkKey, type Frame, packFolderOf } from './pack-format';
import { Packs, type Place } from './packs';
import { listedChunks, readListEnd } from './shared-list';

/** Unpacked frames that are kept, of at most 4 MiB each: as many snapshots may have parts of one region. */
const keptFrames = 24;

/** As `wholePieces`, of an image whose chunks are in packs. */
export async function sharedPieces(
  file: SummedFile,
  _header: SavedStateHeader,
  take: TakePiece,
): Promise<void> {
  const end = await readListEnd(file);
  const packs = await Packs.open(packFolderOf(file.path), end.packs, file.path);
  try {
    const frames = new FrameCache();
    // Neighbours in a frame are handed on together.
    let run: { data: Uint8Array; from: number; to: number } | undefined;
    for await (const { key, length } of listedChunks(file, end)) {
      const place = placeOf(packs, file.path, key, length);
      const data = await frames.of(place);
      const { offset } = place;
      if (hash('sha256', data.subarray(offset, offset + length), 'binary') !== key) {
        throw corrupt(file.path, `the part ${hexOf(key)} in ${place.pack.name} fails its checksum`);
      }
      if (run?.data === data && run.to === offset) {
        run.to += length;
        continue;
      }
      if (run) await take(run.data.subarray(run.from, run.to), end.total);
      run = { data, from: offset, to: offset + length };
    }
    if (run) await take(run.data.subarray(run.from, run.to), end.total);
  } finally {
    await packs.close();
  }
}

/** Whether every chunk of an image is there, as it was stored, without unpacking it. @throws Failure `saved-state.corrupt` */
export async function verifyShared(file: SummedFile, _header: SavedStateHeader): Promise<void> {
  const end = await readListEnd(file);
  const packs = await Packs.open(packFolderOf(file.path), end.packs, file.path);
  try {
    const checked = new Set<Frame>();
    for await (const { key, length } of listedChunks(file, end)) {
      const { pack, frame } = placeOf(packs, file.path, key, length);
      if (checked.has(frame)) continue;
      await pack.stored(frame);
      checked.add(frame);
    }
  } finally {
    await packs.close();
  }
}

function placeOf(packs: Packs, image: string, key: ChunkKey, length: number): Place {
  const place = packs.find(key);
  if (place?.length === length) return place;
  throw corrupt(image, `the part ${hexOf(key)} is missing`);
}

function hexOf(key: ChunkKey): string {
  return Buffer.from(key, 'latin1').toString('hex').slice(0, 16);
}

/** The frames that were used last, unpacked. */
class FrameCache {
  readonly #frames = new Map<Frame, Uint8Array>();

  async of({ pack, frame }: Place): Promise<Uint8Array> {
    const data = this.#frames.get(frame) ?? (await pack.unpack(frame));
    this.#frames.delete(frame);
    this.#frames.set(frame, data);
    const [oldest] = this.#frames.keys();
    if (oldest && this.#frames.size > keptFrames) this.#frames.delete(oldest);
    return data;
  }
}
