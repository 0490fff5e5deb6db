import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { architecture } from '../machine/config';

/**
 * A pattern of file names: literal characters, and character classes that may be repeated. Nothing that could take
 * long to match, and nothing that leaves a folder.
 */
export const fileNamePattern = z
  .string()
  .max(120)
  .regex(/^(?:[A-Za-z0-9_-]|\[[A-Za-z0-9.-]+\]\+?)+$/);

const httpsUrl = z.url({ protocol: /^https$/ });

/** How a system of the gallery is had. */
export const gallerySource = z.discriminatedUnion('kind', [
  /** Shipped with, or built on, this computer: a file name below `resources/guests`. */
  z.strictObject({ kind: z.literal('bundled'), file: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/) }),
  /** A file whose hash is known beforehand. */
  z.strictObject({
    kind: z.literal('download'),
    url: httpsUrl,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** A file whose hash stands in the publisher's checksum file, which is fetched with it. */
  z.strictObject({
    kind: z.literal('download-listed'),
    /** A checksum file in coreutils format; the newest name in it that matches `pattern` is taken. */
    checksums: httpsUrl,
    pattern: fileNamePattern,
    algorithm: z.enum(['sha256', 'sha512']),
  }),
  /** The publisher's page, opened in the browser. */
  z.strictObject({ kind: z.literal('page') }),
]);

/** One system of `resources/gallery.json`. Sizes in bytes (approximate for downloads), memory and disk in MiB. */
export const galleryEntry = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  name: z.string().min(1),
  family: z.enum(['linux', 'dos', 'windows', 'bsd', 'other']),
  /** An id of the guest table. */
  guest: z.string(),
  architecture,
  bits: z.union([z.literal(16), z.literal(32), z.literal(64)]),
  /** SPDX expression, or a short name where there is none. */
  licence: z.string(),
  /** One sentence each, by language. */
  description: z.record(z.string(), z.string()),
  homepage: httpsUrl,
  sizeBytes: z.number().int().nullable(),
  medium: z.enum(['cdrom', 'floppy', 'disk']),
  memoryMiB: z.number().int(),
  diskMiB: z.number().int(),
  source: gallerySource,
});
export type GalleryEntry = z.infer<typeof galleryEntry>;

/** An entry with what is known of it on this computer. */
export const galleryItem = z.object({
  entry: galleryEntry,
  /** `ready`: its image is at `path`. */
  status: z.enum(['ready', 'downloadable', 'page', 'unavailable']),
  path: z.string().nullable(),
  /** Bytes of an interrupted download that can be resumed. */
  partialBytes: z.number().int(),
  /** Why it is unavailable, and what to do. */
  problem: errorValue.nullable(),
});
export type GalleryItem = z.infer<typeof galleryItem>;
