import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { machineId } from '../machine/config';

/** The pages of the manager window that are not about one thing. */
export const managerPages = [
  'library',
  'create',
  'gallery',
  'disks',
  'networks',
  'host',
  'preferences',
] as const;
export type ManagerPage = (typeof managerPages)[number];

/** Where the manager window is led to: by a menu, a notification, a link or a file that was opened. */
export const showTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('machine'), id: machineId }),
  z.strictObject({ kind: z.literal('snapshots'), id: machineId }),
  /** An image to make a machine of. */
  z.strictObject({ kind: z.literal('image'), path: z.string().min(1).max(4096) }),
  z.strictObject({ kind: z.literal('page'), page: z.enum(managerPages) }),
  /** What could not be shown, and why. */
  z.strictObject({ kind: z.literal('problem'), error: errorValue }),
]);
export type ShowTarget = z.infer<typeof showTarget>;
