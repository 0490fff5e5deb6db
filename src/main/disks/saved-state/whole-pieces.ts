import { hash } from 'node:crypto';
import { ahead } from './ahead';
import { type Codec, codecOf } from './codec';
import { chunkHeaderLength, corrupt, endLength, maxDataLength, type SavedStateHeader } from './format';
import { SpareMemory } from './spare-memory';
import type { SummedFile } from './summed-file';

/** Gets the data of a memory image in order. `total`: how much it is altogether, in bytes. */
export type TakePiece = (piece: Uint8Array, total: number) => Promise<void>;

interface StoredChunk {
  /** Of the data, in bytes. */
  length: number;
  /** SHA-256 of the data. */
  digest: Buffer;
  /** From spare memory. */
  stored: Uint8Array;
}

/** Chunks that are read and unpacked at a time while what came before them is handed on. */
const unpackedAtOnce = 3;

/** Hands out the data of an image that has all of it. Precondition: its beginning has been taken. @throws Failure */
export async function wholePieces(
  file: SummedFile,
  header: SavedStateHeader,
  take: TakePiece,
): Promise<void> {
  const { chunks, total } = await readEnd(file, header);
  const codec = await codecOf(header.codec);
  const memory = new SpareMemory();
  const stored = storedChunks(file, header, chunks, total, memory);
  const unpacked = ahead(stored, unpackedAtOnce, async (chunk) => ({
    digest: chunk.digest,
    data: await unpack(file.path, codec, chunk).finally(() => memory.giveBack(chunk.stored)),
  }));
  for await (const { digest, data } of unpacked) {
    if (!hash('sha256', data, 'buffer').equals(digest)) throw corrupt(file.path, 'a part fails its checksum');
    await take(data, total);
  }
}

/** The chunks in order; when it ends, the checksum of the whole file has been tested. */
async function* storedChunks(
  file: SummedFile,
  { chunkSize }: SavedStateHeader,
  chunks: number,
  total: number,
  memory: SpareMemory,
): AsyncGenerator<StoredChunk> {
  let done = 0;
  for (let count = 0; count < chunks; count++) {
    const head = await file.take(chunkHeaderLength);
    const length = head.readUInt32LE(0);
    const storedLength = head.readUInt32LE(4);
    if (length === 0 || length > Math.min(chunkSize, total - done)) {
      throw corrupt(file.path, 'a part has an impossible length');
    }
    if (storedLength > file.size - file.position) throw corrupt(file.path, 'it is cut off');
    const stored = memory.take(storedLength);
    await file.takeInto(stored);
    yield { length, digest: head.subarray(8), stored };
    done += length;
  }
  if (done !== total) throw corrupt(file.path, 'parts of it are missing');
  await file.take(16); // the end record, whose contents have been read before
  await file.checkDigest('it fails its checksum');
  if (file.position !== file.size) throw corrupt(file.path, 'something follows its end');
}

async function unpack(path: string, codec: Codec, { stored, length }: StoredChunk): Promise<Uint8Array> {
  try {
    return await codec.decompress(stored, length);
  } catch (error) {
    throw corrupt(path, 'a part cannot be unpacked', error);
  }
}

/** Looks at the end before the chunks are read, because the data's length stands there. */
async function readEnd(
  file: SummedFile,
  header: SavedStateHeader,
): Promise<{ chunks: number; total: number }> {
  const position = file.size - endLength;
  if (position < file.position) throw corrupt(file.path, 'its end is missing');
  const end = await file.readAt(position, 16);
  const chunks = end.readUInt32LE(4);
  const total = Number(end.readBigUInt64LE(8));
  const possible =
    end.readUInt32LE(0) === 0 &&
    total <= maxDataLength &&
    chunks === Math.ceil(total / header.chunkSize) &&
    chunks * chunkHeaderLength < file.size;
  if (!possible) throw corrupt(file.path, 'its end is missing');
  return { chunks, total };
}
