import { hash } from 'node:crypto';
import { ahead } from '../saved-state/ahead';
import { corrupt, type SavedStateHeader } from '../saved-state/format';
import type { SummedFile } from '../saved-state/summed-file';
import type { TakePiece } from '../saved-state/whole-pieces';
import type { Pack } from './pack';
import { type ChunkKey, type Frame, packFolderOf } from './pack-format';
import { Packs, type Place } from './packs';
import { listedChunks, type ListEnd, readListEnd } from './shared-list';

/** Unpacked frames that are kept, of at most 4 MiB each: as many snapshots may have parts of one region. */
const keptFrames = 24;
/** Frames that are read and unpacked at a time while what came before them is handed on. */
const unpackedAtOnce = 3;
/** Frames that are read and summed up at a time. */
const checkedAtOnce = 4;

/** Chunks that follow one another in an image and lie in one frame. */
interface Run {
  pack: Pack;
  frame: Frame;
  chunks: { key: ChunkKey; offset: number; length: number }[];
}

/** As `wholePieces`, of an image whose chunks are in packs. */
export async function sharedPieces(
  file: SummedFile,
  _header: SavedStateHeader,
  take: TakePiece,
): Promise<void> {
  await withPacks(file, async (packs, end) => {
    const frames = new FrameCache();
    const unpacked = ahead(runsOf(file, packs, end), unpackedAtOnce, async (run) => ({
      run,
      data: await frames.of(run),
    }));
    for await (const { run, data } of unpacked) {
      for (const { from, to } of checkedParts(file.path, run, data)) {
        await take(data.subarray(from, to), end.total);
      }
    }
  });
}

/** Whether every chunk of an image is there, as it was stored, without unpacking it. @throws Failure `saved-state.corrupt` */
export async function verifyShared(file: SummedFile, _header: SavedStateHeader): Promise<void> {
  await withPacks(file, async (packs, end) => {
    const seen = new Set<Frame>();
    async function* unseen(): AsyncGenerator<Run> {
      for await (const run of runsOf(file, packs, end)) {
        if (seen.has(run.frame)) continue;
        seen.add(run.frame);
        yield run;
      }
    }
    const checks = ahead(unseen(), checkedAtOnce, ({ pack, frame }) => pack.check(frame));
    while (!(await checks.next()).done);
  });
}

async function withPacks(
  file: SummedFile,
  use: (packs: Packs, end: ListEnd) => Promise<void>,
): Promise<void> {
  const end = await readListEnd(file);
  const packs = await Packs.open(packFolderOf(file.path), end.packs, file.path);
  try {
    await use(packs, end);
  } finally {
    await packs.close();
  }
}

async function* runsOf(file: SummedFile, packs: Packs, end: ListEnd): AsyncGenerator<Run> {
  let run: Run | undefined;
  for await (const { key, length } of listedChunks(file, end)) {
    const { pack, frame, offset } = placeOf(packs, file.path, key, length);
    if (run && run.frame !== frame) {
      yield run;
      run = undefined;
    }
    run ??= { pack, frame, chunks: [] };
    run.chunks.push({ key, offset, length });
  }
  if (run) yield run;
}

/** The parts of a frame that a run consists of: neighbours together. Each chunk has been compared with its checksum. */
function* checkedParts(
  image: string,
  { pack, chunks }: Run,
  data: Uint8Array,
): Generator<{ from: number; to: number }> {
  let part: { from: number; to: number } | undefined;
  for (const { key, offset, length } of chunks) {
    if (hash('sha256', data.subarray(offset, offset + length), 'binary') !== key) {
      throw corrupt(image, `the part ${hexOf(key)} in ${pack.name} fails its checksum`);
    }
    if (part?.to === offset) {
      part.to += length;
      continue;
    }
    if (part) yield part;
    part = { from: offset, to: offset + length };
  }
  if (part) yield part;
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
  readonly #frames = new Map<Frame, Promise<Uint8Array>>();

  of({ pack, frame }: Run): Promise<Uint8Array> {
    const data = this.#frames.get(frame) ?? pack.unpack(frame);
    this.#frames.delete(frame);
    this.#frames.set(frame, data);
    const [oldest] = this.#frames.keys();
    if (oldest && this.#frames.size > keptFrames) this.#frames.delete(oldest);
    return data;
  }
}
