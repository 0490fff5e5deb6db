import { toErrorValue } from '@shared/errors';
import { isAllowed } from '@shared/machine/state';
import { phrase } from '@shared/phrases/phrase';
import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';
import type { Machine } from './machine';
import type { MachineService } from './service';

/** Starts the machines that are to start with the program, each after its delay. */
export function autostart(machines: MachineService, emit: EmitEvent, log: Log): void {
  for (const machine of machines.library.all()) {
    const { autostart: wanted, template } = machine.config ?? {};
    if (!wanted?.on || template) continue;
    // It keeps nobody from ending.
    setTimeout(() => void begin(machine, machines, emit, log), wanted.delaySeconds * 1000).unref();
  }
}

async function begin(machine: Machine, machines: MachineService, emit: EmitEvent, log: Log): Promise<void> {
  // Somebody may have started it, deleted it, or changed its mind.
  if (machines.power.isClosing || !machine.config?.autostart?.on) return;
  if (!machines.library.all().includes(machine) || !isAllowed('start', machine.state)) return;
  try {
    await machines.power.start(machine);
  } catch (error) {
    log.warn(`“${machine.name}” did not start with the program`, error);
    const { text, ref } = phrase('machine.notAutostarted', {
      name: machine.name,
      reason: toErrorValue(error).message,
    });
    emit({ name: 'machine.notice', value: { id: machine.id, notice: { text, ref } } });
  }
}
