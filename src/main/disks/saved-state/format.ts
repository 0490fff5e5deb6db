import { z } from 'zod';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { codecNames } from './codec';

/**
 * A memory image in a file. All numbers are little-endian.
 *
 *     8  magic `VIVSTATE`
 *     4  format version
 *     4  length of the header in bytes
 *        header: JSON, UTF-8
 *    32  SHA-256 of all of the above
 *        chunks: 4 length of the data, 4 length as stored, 32 SHA-256 of the data, stored bytes
 *        end: 4 zero, 4 number of chunks, 8 length of all data, 32 SHA-256 of all bytes of the file before it
 *
 * So every byte is covered by a checksum, a file that was cut has no end, and the length is known from the end.
 *
 * In format 2 the chunks themselves are elsewhere, in packs (`memory-chunks/pack-format.ts`) that several images of one
 * machine share; here stands only which ones follow one another:
 *
 *        list: for each chunk 4 length of the data, 32 SHA-256 of the data
 *        packs: JSON, UTF-8: the names of the files that have them
 *     4  length of `packs`
 *     4  number of chunks
 *     8  length of all data
 *    32  SHA-256 of `packs` and the three numbers, for who only wants to know what is in use
 *    32  SHA-256 of all bytes of the file before it
 */
export const magic = Buffer.from('VIVSTATE', 'latin1');
export const formatVersions = { whole: 1, shared: 2 } as const;
export const prefixLength = 16;
export const digestLength = 32;
export const chunkHeaderLength = 8 + digestLength;
export const endLength = 16 + digestLength;
/** A header that is longer is not believed. */
export const maxHeaderLength = 64 * 1024;
/** No engine has more memory to save, in bytes. */
export const maxDataLength = 64 * 1024 ** 3;

export const savedStateHeader = z.object({
  engine: z.string().max(32),
  /** The exact version of what wrote the data, and can read it. */
  engineVersion: z.string().max(64),
  /** See `hardwareDigest`. */
  hardwareDigest: z.string().regex(/^[0-9a-f]{64}$/),
  codec: z.enum(codecNames),
  /** Longest chunk, in bytes of data. */
  chunkSize: z
    .number()
    .int()
    .min(1)
    .max(64 * 1024 * 1024),
  /** ISO 8601, UTC. */
  createdAt: z.string().max(40),
});
export type SavedStateHeader = z.infer<typeof savedStateHeader>;

/** What a file of ours begins with, but for the checksum of that. */
export function encodeBeginning(mark: Uint8Array, version: number, header: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixLength);
  prefix.set(mark);
  prefix.writeUInt32LE(version, 8);
  prefix.writeUInt32LE(json.length, 12);
  return Buffer.concat([prefix, json]);
}

export function corrupt(path: string, what: string, cause?: unknown): Failure {
  return new Failure('saved-state.corrupt', phrase('memory.damaged', { path, what }), {
    cause,
    hint: phrase('problem.savedStateHint'),
  });
}
