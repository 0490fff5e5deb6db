import { Failure } from '@shared/errors';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import { phrase } from '@shared/phrases/phrase';
import type { RunningMachine } from './engine';

/** What only some engines can do: asked of one that cannot, it is refused. */

/** @throws Failure `engine.unsupported`, and as `RunningMachine.exec` */
export function execInGuest(machine: RunningMachine, request: ExecRequest): Promise<ExecResult> {
  if (machine.exec) return machine.exec(request);
  throw new Failure('engine.unsupported', phrase('agent.engine'));
}

/** @throws Failure `engine.unsupported`, and as `RunningMachine.setMemoryTarget` */
export async function setMemoryTarget(machine: RunningMachine, memoryMiB: number): Promise<void> {
  if (machine.setMemoryTarget) return machine.setMemoryTarget(memoryMiB);
  throw new Failure('engine.unsupported', phrase('device.memoryFixed'));
}
