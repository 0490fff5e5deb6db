import { z } from 'zod';
import { errorValue } from '../messages';

/** A long task. `done` and `total` in the task's own unit (bytes where `unit` says so). */
export const job = z.object({
  id: z.string(),
  kind: z.enum([
    'download',
    'create',
    'save',
    'selftest',
    'upload',
    'snapshot',
    'restore',
    'deleteSnapshots',
    'addDisk',
    'removeDisk',
    'clone',
    'verifyDisks',
    'checkDisk',
    'compactDisk',
    'mergeDisks',
    'repairDisk',
    'convertDisk',
    'exportDisk',
    'moveImage',
    'moveMachine',
    'moveData',
  ]),
  /** What it works on: a machine's id, a gallery id … */
  subject: z.string(),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'steps']),
  cancellable: z.boolean(),
  /** Nobody asked for it: it was time. */
  automatic: z.boolean().optional(),
  error: errorValue.nullable(),
  /** What the job made: a machine's id, a path … */
  result: z.unknown(),
});
export type Job = z.infer<typeof job>;
