import { z } from 'zod';
import { innerImage } from '../../disk/library';
import { machineId } from '../../machine/config';
import { type MachineAction } from '../../machine/state';

/** A command's entry: schemas, whether it is a job (answers `{ jobId }` at once), and the action whose states it needs. */
export interface Command {
  params: z.ZodType;
  result: z.ZodType;
  job?: true;
  action?: MachineAction;
}
export const define = <T extends Record<string, Command>>(table: T): T => table;

export const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);
export const none = z.strictObject({});
export const id = z.strictObject({ id: machineId });
export const hostPath = z.string().min(1).max(4096);
/** Characters that are typed at once, at most: a minute and a half. */
export const longestTyping = 4096;
export const deviceId = z.string().max(16);
export const startedJob = z.object({ jobId: z.string() });
export const imageOfMachine = z.strictObject({ id: machineId, image: innerImage });
