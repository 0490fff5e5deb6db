import { z } from 'zod';
import { Failure } from '@shared/errors';
import { streams } from '@shared/ipc/contract';
import type { MachineStream } from '@shared/ipc/machine-process';
import { requireState } from '../machines/context';
import { layoutOf } from '../machines/layout';
import type { MachineService } from '../machines/service';
import type { Runner } from '../machines/runner';
import type { TerminalWanted } from '../terminals/service';

/** A stream of the contract, checked and with the process that serves it. */
export interface FoundStream {
  runner: Runner;
  description: MachineStream;
}

/**
 * Finds who serves a stream that a client asks for.
 *
 * @throws Failure `ipc.unknown-command`, `ipc.bad-message`, `machine.not-found`, `machine.wrong-state`
 */
export function findStream(machines: MachineService, name: string, params: unknown): FoundStream {
  const found = (id: string, description: MachineStream): FoundStream => ({
    runner: machines.power.processOf(machines.library.get(id)),
    description,
  });
  switch (name) {
    case 'console.graphics':
      return found(checked(streams[name], params).id, { name: 'graphics' });
    case 'console.serial': {
      const { id, port } = checked(streams[name], params);
      return found(id, { name: 'serial', port });
    }
    case 'console.monitor':
      return found(checked(streams[name], params).id, { name: 'monitor' });
    case 'console.clipboard':
      return found(checked(streams[name], params).id, { name: 'clipboard' });
    case 'machine.statistics': {
      const { id, history } = checked(streams[name], params);
      return found(id, { name: 'statistics', history });
    }
    case 'console.thumbnail': {
      const { id, width } = checked(streams[name], params);
      return found(id, { name: 'thumbnail', width });
    }
    default:
      throw new Failure('ipc.unknown-command', `There is no stream “${name.slice(0, 100)}”.`);
  }
}

/**
 * The terminal that a client asks for.
 *
 * @throws Failure `ipc.bad-message`, `machine.not-found`, `machine.wrong-state` when the machine does not run
 */
export function findTerminal(machines: MachineService, params: unknown): TerminalWanted {
  const { id, ...wanted } = checked(streams['console.ssh'], params);
  const machine = machines.library.get(id);
  requireState(machine, 'sendKeys');
  return { machine: id, folder: layoutOf(machine.folder).ssh, ...wanted };
}

function checked<T extends z.ZodType>(schema: T, params: unknown): z.output<T> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  throw new Failure('ipc.bad-message', `The parameters do not fit: ${z.prettifyError(parsed.error)}`);
}
