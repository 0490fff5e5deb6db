import { z } from 'zod';
import { guestProfile } from '../guests/profile';
import { errorValue } from '../ipc/messages';

/** What an image file turned out to be. Sizes in bytes. */
export const mediumReport = z.object({
  path: z.string(),
  fileName: z.string(),
  size: z.number(),
  /** How the machine would use it. */
  kind: z.enum(['cdrom', 'floppy', 'disk', 'kernel', 'unknown']),
  /** Only for disks. */
  format: z.enum(['raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx']).optional(),
  virtualSize: z.number().optional(),
  bootable: z.boolean(),
  /** The firmware that finds something to boot in it, where that was seen. */
  firmware: z.array(z.enum(['bios', 'uefi'])).optional(),
  /** A name for a person: “Debian GNU/Linux 12.5 i386 netinst”, “FreeDOS 1.3 LiveCD”. */
  title: z.string().optional(),
  volumeId: z.string().optional(),
  /** An id of the guest table: `linux`, `debian`, `freedos`, `windows` … */
  guest: z.string(),
  /** Of the system in it, where a database of systems is on this computer and knows the image. */
  profile: guestProfile.optional(),
  /** As far as the image tells. */
  architecture: z.enum(['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x', 'unknown']),
  /** Width of the kernels found inside; empty when none was recognised. */
  kernelBits: z.array(z.union([z.literal(16), z.literal(32), z.literal(64)])),
  /** What was found, for the details: “El Torito boot record (BIOS)”, “/casper/vmlinuz: 64-bit Linux 6.1”. */
  evidence: z.array(z.string()),
  /** Things wrong with the image that do not forbid its use. */
  warnings: z.array(errorValue),
});
export type MediumReport = z.infer<typeof mediumReport>;
