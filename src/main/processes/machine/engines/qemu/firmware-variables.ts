import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hostFailure } from '../../../../disks/host-file';
import { writeAtomic } from '../../../../platform/atomic-file';
import type { QemuPlan } from './plan';

/** Gives a machine its own copy of the firmware's variables at its first start. @throws Failure `file.*` */
export async function prepareVariables({ variables, host }: QemuPlan): Promise<void> {
  if (variables === null || !host.firmware) return;
  try {
    await access(variables);
    return;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw hostFailure(error, 'read', variables);
  }
  try {
    await mkdir(dirname(variables), { recursive: true, mode: 0o700 });
    await writeAtomic(variables, await readFile(host.firmware.variables));
  } catch (error) {
    throw hostFailure(error, 'write', variables);
  }
}
