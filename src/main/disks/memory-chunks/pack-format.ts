import { join, basename, dirname } from 'node:path';
import { z } from 'zod';
import { codecNames } from '../saved-state/codec';
import { corrupt, digestLength } from '../saved-state/format';

/**
 * A pack: chunks of memory images of one machine, each of them in one pack only, found by what they hold. Packs lie in
 * the machine's folder `memory`, are never written to, and are replaced as a whole by a rename. Neighbours are
 * compressed together in frames. All numbers are little-endian.
 *
 *     8  magic `VIVCHUNK`
 *     4  format version
 *     4  length of the header in bytes
 *        header: JSON, UTF-8
 *    32  SHA-256 of all of the above
 *        frames, compressed
 *        index: for each frame 4 length of its data, 4 length as stored, 4 number of chunks, 32 SHA-256 of the stored
 *        bytes; then for each of its chunks 4 length, 32 SHA-256 of the data
 *     4  length of the index
 *     4  number of frames
 *    32  SHA-256 of the index and the two numbers
 */
export const packMagic = Buffer.from('VIVCHUNK', 'latin1');
export const packVersion = 1;
export const packHeader = z.object({ codec: z.enum(codecNames) });

export const frameEntryLength = 12 + digestLength;
/** Of a chunk, in the index of a pack as in the list of an image. */
export const chunkEntryLength = 4 + digestLength;
export const packEndLength = 8 + digestLength;

/** Data of a frame, in bytes: so much is unpacked for any chunk of it. */
export const frameLength = 1024 * 1024;
/** A frame or chunk that says to be longer is not believed. */
export const maxFrameLength = 4 * frameLength;
/** Nothing becomes as long as that by being compressed. */
const maxStoredLength = 2 * maxFrameLength;

export const packName = /^[0-9a-f]{24}\.pack$/;

/** What a chunk holds, as a key: the 32 bytes of its SHA-256 as Latin-1. */
export type ChunkKey = string;

/** Compressed data in a pack. `offset` and lengths in bytes. */
export interface Frame {
  offset: number;
  storedLength: number;
  length: number;
  /** SHA-256 of the stored bytes. */
  digest: Buffer;
  chunks: { key: ChunkKey; offset: number; length: number }[];
}

/** Where the packs are of the machine that an image belongs to: `saved/state.viv`, or `snapshots/<id>/memory.viv`. */
export function packFolderOf(image: string): string {
  const above = dirname(dirname(image));
  return join(basename(dirname(image)) === 'saved' ? above : dirname(above), 'memory');
}

export function encodeChunkEntry(key: ChunkKey, length: number): Buffer {
  const entry = Buffer.allocUnsafe(chunkEntryLength);
  entry.writeUInt32LE(length);
  entry.write(key, 4, 'latin1');
  return entry;
}

export function decodeChunkEntry(list: Buffer, at: number): { key: ChunkKey; length: number } {
  return { length: list.readUInt32LE(at), key: list.toString('latin1', at + 4, at + chunkEntryLength) };
}

export function encodeIndex(frames: readonly Frame[]): Buffer {
  const parts: Buffer[] = [];
  for (const { length, storedLength, digest, chunks } of frames) {
    const lengths = Buffer.alloc(12);
    lengths.writeUInt32LE(length, 0);
    lengths.writeUInt32LE(storedLength, 4);
    lengths.writeUInt32LE(chunks.length, 8);
    parts.push(lengths, digest);
    for (const chunk of chunks) parts.push(encodeChunkEntry(chunk.key, chunk.length));
  }
  return Buffer.concat(parts);
}

/**
 * @param from where the first frame is in the file, @param to where the last one ends
 * @throws Failure `saved-state.corrupt`
 */
export function decodeIndex(path: string, index: Buffer, count: number, from: number, to: number): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  let offset = from;
  const impossible = (): Error => corrupt(path, 'its index makes no sense');
  for (let frame = 0; frame < count; frame++) {
    if (at + frameEntryLength > index.length) throw impossible();
    const length = index.readUInt32LE(at);
    const storedLength = index.readUInt32LE(at + 4);
    const chunkCount = index.readUInt32LE(at + 8);
    const digest = index.subarray(at + 12, at + frameEntryLength);
    at += frameEntryLength;
    if (length > maxFrameLength || storedLength > maxStoredLength) throw impossible();
    if (at + chunkCount * chunkEntryLength > index.length) throw impossible();
    const chunks: Frame['chunks'] = [];
    let inFrame = 0;
    for (let chunk = 0; chunk < chunkCount; chunk++, at += chunkEntryLength) {
      const entry = decodeChunkEntry(index, at);
      if (entry.length === 0) throw impossible();
      chunks.push({ ...entry, offset: inFrame });
      inFrame += entry.length;
    }
    if (inFrame !== length) throw impossible();
    frames.push({ offset, storedLength, length, digest, chunks });
    offset += storedLength;
  }
  if (at !== index.length || offset !== to) throw impossible();
  return frames;
}
