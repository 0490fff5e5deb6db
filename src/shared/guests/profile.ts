import { z } from 'zod';

/**
 * What libosinfo's database says of a system that was found in an image. Sizes in MiB. All of it comes from files
 * that anybody may have written, and refines defaults only.
 */
export const guestProfile = z.strictObject({
  /** The database's name for the system, such as `http://debian.org/debian/12`. */
  id: z.string().max(200),
  /** “Debian 12”. */
  name: z.string().min(1).max(100),
  /** Recommended, or the minimum where nothing is recommended. */
  memoryMiB: z.number().int().min(1).max(1_048_576).optional(),
  diskMiB: z.number().int().min(1).max(2_097_152).optional(),
  cpus: z.number().int().min(1).max(256).optional(),
  /** Below this the system does not install. */
  minimumMemoryMiB: z.number().int().min(1).max(1_048_576).optional(),
  /** Network cards that it has drivers for, best first; missing where the database names none that are known here. */
  nics: z
    .array(z.enum(['virtio', 'e1000', 'ne2k']))
    .max(3)
    .optional(),
});
export type GuestProfile = z.infer<typeof guestProfile>;
