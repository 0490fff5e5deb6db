import type { EngineCapabilities } from '@shared/engine/capabilities';
import { isAllowed, type MachineAction, type MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import type { Snapshot } from '@shared/snapshot/snapshot';

export type SnapshotAction = Extract<MachineAction, 'takeSnapshot' | 'restoreSnapshot' | 'deleteSnapshots'>;

/** Whether something can be done with a machine's snapshots as the machine is now. */
export function canDo(action: SnapshotAction, machine: MachineSummary | null | undefined): boolean {
  return Boolean(machine && !machine.inaccessible && isAllowed(action, machine.state));
}

/** Whether the machine has memory that a snapshot can take along: `no-memory`, `engine` say why not. */
export function memoryChoice(
  state: MachineState,
  engine: EngineCapabilities | undefined,
): 'possible' | 'no-memory' | 'engine' {
  if (state === 'saved') return 'possible';
  if (state !== 'running' && state !== 'paused') return 'no-memory';
  return engine?.saveState === false ? 'engine' : 'possible';
}

/** Whether the engine that is here can read a snapshot's memory; `undefined` while the engines are not known. */
export function memoryReadable(
  snapshot: Snapshot,
  engines: ReadonlyMap<string, EngineCapabilities>,
): boolean | undefined {
  if (engines.size === 0) return undefined;
  const engine = engines.get(snapshot.engine);
  return engine !== undefined && (engine.stateVersion ?? engine.version) === snapshot.engineVersion;
}
