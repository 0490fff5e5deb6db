import { hash } from 'node:crypto';
import { z } from 'zod';
import { corrupt, digestLength, maxDataLength } from '../saved-state/format';
import type { SummedFile } from '../saved-state/summed-file';
import { chunkEntryLength, type ChunkKey, decodeChunkEntry, packName } from './pack-format';

/** See format 2 in `saved-state/format.ts`. */
const numbersLength = 16;
const listEndLength = numbersLength + 2 * digestLength;
const maxNamesLength = 1024 * 1024;
/** Entries read at a time. */
const readAtOnce = 4096;

const packList = z.array(z.string().regex(packName));

/** What stands at the end of an image whose chunks are in packs. */
export interface ListEnd {
  /** Names of packs: nothing of it is anywhere else. */
  packs: string[];
  chunks: number;
  /** Of all data, in bytes. */
  total: number;
  /** The list's own length in bytes. */
  listLength: number;
}

/** All but the last checksum, which is over the whole file. */
export function encodeListEnd(packs: readonly string[], chunks: number, total: number): Buffer {
  const names = Buffer.from(JSON.stringify(packs));
  const numbers = Buffer.alloc(numbersLength);
  numbers.writeUInt32LE(names.length, 0);
  numbers.writeUInt32LE(chunks, 4);
  numbers.writeBigUInt64LE(BigInt(total), 8);
  const end = Buffer.concat([names, numbers]);
  return Buffer.concat([end, hash('sha256', end, 'buffer')]);
}

/** Precondition: the beginning of the file has been taken. @throws Failure `saved-state.corrupt` */
export async function readListEnd(file: SummedFile): Promise<ListEnd> {
  const end = file.size - listEndLength;
  const numbers = await file.readAt(end, numbersLength + digestLength);
  const namesLength = numbers.readUInt32LE(0);
  const chunks = numbers.readUInt32LE(4);
  const total = Number(numbers.readBigUInt64LE(8));
  const listLength = chunks * chunkEntryLength;
  if (namesLength > maxNamesLength || total > maxDataLength) throw corrupt(file.path, 'its end is missing');
  if (file.position + listLength + namesLength !== end) throw corrupt(file.path, 'its end is missing');
  const names = await file.readAt(end - namesLength, namesLength);
  const digest = hash('sha256', Buffer.concat([names, numbers.subarray(0, numbersLength)]), 'buffer');
  if (!digest.equals(numbers.subarray(numbersLength))) throw corrupt(file.path, 'its end fails its checksum');
  try {
    return { packs: packList.parse(JSON.parse(names.toString())), chunks, total, listLength };
  } catch (error) {
    throw corrupt(file.path, 'its end makes no sense', error);
  }
}

/** The chunks of an image in order, to its end: then its checksum has been tested. @throws Failure `saved-state.corrupt` */
export async function* listedChunks(
  file: SummedFile,
  end: ListEnd,
): AsyncGenerator<{ key: ChunkKey; length: number }> {
  let total = 0;
  for (let left = end.chunks; left > 0; left -= Math.min(left, readAtOnce)) {
    const part = await file.take(Math.min(left, readAtOnce) * chunkEntryLength);
    for (let at = 0; at < part.length; at += chunkEntryLength) {
      const entry = decodeChunkEntry(part, at);
      total += entry.length;
      if (total > end.total) throw corrupt(file.path, 'it has more parts than it says');
      yield entry;
    }
  }
  if (total !== end.total) throw corrupt(file.path, 'parts of it are missing');
  await file.take(file.size - digestLength - file.position);
  await file.checkDigest('it fails its checksum');
}
