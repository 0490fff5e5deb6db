import { hash } from 'node:crypto';
import { type Codec, codecOf } from './codec';
import { chunkHeaderLength, corrupt, endLength, maxDataLength, type SavedStateHeader } from './format';
import type { SummedFile } from './summed-file';

/** Gets the data of a memory image in order. `total`: how much it is altogether, in bytes. */
export type TakePiece = (piece: Uint8Array, total: number) => Promise<void>;

/** Hands out the data of an image that has all of it. Precondition: its beginning has been taken. @throws Failure */
export async function wholePieces(
  file: SummedFile,
  header: SavedStateHeader,
  take: TakePiece,
): Promise<void> {
  const { chunks, total } = await readEnd(file, header);
  const codec = await codecOf(header.codec);
  let done = 0;
  for (let count = 0; count < chunks; count++) {
    const chunk = await takeChunk(file, codec, Math.min(header.chunkSize, total - done));
    done += chunk.length;
    await take(chunk, total);
  }
  if (done !== total) throw corrupt(file.path, 'parts of it are missing');
  await file.take(16); // the end record, whose contents have been read before
  await file.checkDigest('it fails its checksum');
  if (file.position !== file.size) throw corrupt(file.path, 'something follows its end');
}

async function takeChunk(file: SummedFile, codec: Codec, mostBytes: number): Promise<Uint8Array> {
  const head = await file.take(chunkHeaderLength);
  const length = head.readUInt32LE(0);
  const storedLength = head.readUInt32LE(4);
  if (length === 0 || length > mostBytes) throw corrupt(file.path, 'a part has an impossible length');
  const stored = await file.take(storedLength);
  let data: Uint8Array;
  try {
    data = await codec.decompress(stored, length);
  } catch (error) {
    throw corrupt(file.path, 'a part cannot be unpacked', error);
  }
  if (!hash('sha256', data, 'buffer').equals(head.subarray(8))) {
    throw corrupt(file.path, 'a part fails its checksum');
  }
  return data;
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
