import { z } from 'zod';
import { hostKeyChoices, sleepChoices } from '../../desktop/choices';

export const preferences = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  language: z.enum(['system', 'en', 'zh-CN']),
  libraryView: z.enum(['cards', 'list']),
  /** A folder with QEMU's programs, looked in before all other places. */
  qemuFolder: z.string().min(1).max(4096).nullable().optional(),
  /** Consoles offer the engine's monitor. */
  monitor: z.boolean().optional(),
  /** The first-run welcome has been seen. */
  welcomed: z.boolean().optional(),
  /** What new machines begin with where it can run them; missing: chosen from the system inside. */
  defaultEngine: z.enum(['v86', 'qemu']).nullable().optional(),
  /** An icon in the tray; what these are when they were never chosen says `desktopChoices`. */
  tray: z.boolean().optional(),
  notifications: z.boolean().optional(),
  keepAwake: z.boolean().optional(),
  onHostSleep: z.enum(sleepChoices).optional(),
  hostKeys: z.enum(hostKeyChoices).optional(),
});
export type Preferences = z.infer<typeof preferences>;
