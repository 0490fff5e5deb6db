import type { EngineStatus } from '@shared/host/report';
import { Failure, toFailure, hintOf } from '@shared/errors';
import type { QemuLaunch } from '@shared/engine/qemu/launch';
import type { MachineConfig } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import { isAllowed, type MachineAction } from '@shared/machine/state';
import type { JobRegistry } from '../jobs/registry';
import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';
import type { ProcessHost } from '../platform/process-host';
import type { Shell } from '../platform/shell';
import type { BusyMachines } from './busy';
import type { Machine } from './machine';
import type { Patience } from './runner';

/** What starting and ending machines means for networks. */
export interface MachineNetworks {
  /** @throws Failure `network.*` when there is none of this id that can be used */
  get(id: string): unknown;
  /** The local sockets on which the machine's cards are to listen, by the cards' ids. */
  prepare(folder: string, config: MachineConfig): Promise<Record<string, string>>;
  /** The machine is about to listen; or it runs, and its cards or their networks have become others. */
  plug(config: MachineConfig, sockets: Readonly<Record<string, string>>): void;
  /** The machine does not run any more. */
  unplug(machine: string): void;
}

/** What the machine services need of everything else. */
export interface MachinesContext {
  /** `resources/bios`. */
  biosFolder: string;
  processHost: ProcessHost;
  shell: Shell;
  jobs: JobRegistry;
  emit: EmitEvent;
  log: Log;
  patience: Patience;
  /** The engine as it is on this computer now; undefined when this build has none of that name. */
  engine(id: string): Promise<EngineStatus | undefined>;
  /** Deals with what was left half done in a machine's folder. @throws Failure: it must not be started */
  beforeStart?(machine: Machine): Promise<void>;
  /** Machines that a long task of this program keeps. */
  busy?: BusyMachines;
  /** The networks that machines are plugged into; without them their cables end nowhere. */
  networks?: MachineNetworks;
  /** The guest of a running machine let a device go by itself. */
  deviceGone?(machine: Machine, id: string): void;
  /** What a machine on QEMU needs to be started. @throws Failure `engine.*` */
  prepareQemu?(config: MachineConfig): Promise<QemuLaunch>;
}

/** @throws Failure `machine.wrong-state` */
export function requireState(machine: Machine, action: MachineAction): void {
  if (isAllowed(action, machine.state)) return;
  const { name, state } = machine;
  throw new Failure(
    'machine.wrong-state',
    phrase('problem.wrongState', { name, state: phrase(`state.${state}`) }),
  );
}

/** @throws Failure `machine.inaccessible` */
export function requireConfig(machine: Machine): MachineConfig {
  if (machine.config) return machine.config;
  throw new Failure('machine.inaccessible', phrase('machine.unusable', { name: machine.name }), {
    hint: machine.problem ? hintOf(machine.problem) : undefined,
    cause: machine.problem ?? undefined,
  });
}

/**
 * The engine of a machine, if it can be used.
 *
 * @throws Failure `engine.not-found`, or the reason why it is not available
 */
export async function requireEngine(
  context: MachinesContext,
  id: string,
): Promise<EngineStatus['capabilities']> {
  const status = await context.engine(id);
  if (status?.available) return status.capabilities;
  throw status?.problem
    ? toFailure(status.problem)
    : new Failure('engine.not-found', phrase('engine.noSuchEngine', { engine: id }));
}
