import { z } from 'zod';

/** Which of a machine's automatic snapshots stay: the newest of all, of each hour and of each day, so many of each. */
export const keepRules = z.strictObject({
  last: z.number().int().min(1).max(100),
  hourly: z.number().int().min(0).max(168),
  daily: z.number().int().min(0).max(366),
});
export type KeepRules = z.infer<typeof keepRules>;

/** When a machine's snapshots are taken without anybody asking, and how many of them stay. */
export const automaticSnapshots = z.strictObject({
  /** While it runs, in minutes; null: never. */
  every: z.number().int().min(5).max(10_080).nullable(),
  /** Those keep the memory, too: more space, and the guest goes on where it was. */
  memory: z.boolean(),
  /** Before each start, where something has changed. */
  atStart: z.boolean(),
  /** After each power-off, where something has changed. */
  atStop: z.boolean(),
  keep: keepRules,
});
export type AutomaticSnapshots = z.infer<typeof automaticSnapshots>;

/** Why a snapshot was taken that nobody asked for. */
export const automaticReason = z.enum(['schedule', 'start', 'stop']);
export type AutomaticReason = z.infer<typeof automaticReason>;

/** What a person begins with who switches them on. */
export const usualAutomatic: AutomaticSnapshots = {
  every: 60,
  memory: false,
  atStart: false,
  atStop: false,
  keep: { last: 3, hourly: 6, daily: 7 },
};
