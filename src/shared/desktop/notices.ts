import { type ErrorValue, toErrorValue } from '../errors';
import type { Events } from '../ipc/contract';
import type { MachineState } from '../machine/state';
import type { z } from 'zod';
import type { ShowTarget } from './target';

/** What is worth a word on the desktop when nobody looks at the window that it is about. */
export const noticeKinds = [
  'snapshotDone',
  'snapshotFailed',
  'stopped',
  'aborted',
  'paused',
  'diskFull',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export interface Notice {
  kind: NoticeKind;
  machine: string;
  name: string;
  /** What went wrong, where something did. */
  error: ErrorValue | null;
  /** Where a click on it leads. */
  target: ShowTarget;
}

/** As they are told, before they have crossed to another process, and after. */
type Told = { [N in keyof Events]: { name: N; value: z.input<Events[N]> } }[keyof Events];

/**
 * Tells what is worth a word from the events of the contract. It remembers what machines did last, because only the
 * change says whether one stopped by itself.
 */
export class NoticeWatcher {
  private readonly states = new Map<string, MachineState>();
  private readonly runningJobs = new Set<string>();

  see(event: Told): Notice | undefined {
    if (event.name === 'machine.changed') return this.machine(event.value);
    if (event.name === 'job.changed') return this.job(event.value);
    if (event.name === 'machine.removed') this.states.delete(event.value.id);
    return undefined;
  }

  private machine({ id, name, state, problem }: z.input<Events['machine.changed']>): Notice | undefined {
    const error = problem === null ? null : toErrorValue(problem);
    const before = this.states.get(id);
    this.states.set(id, state);
    if (before === undefined || before === state) return undefined;
    const kind = ((): NoticeKind | undefined => {
      if (state === 'aborted') return 'aborted';
      // One that was asked to power off is `stopping` in between.
      if (state === 'off' && (before === 'running' || before === 'paused')) return 'stopped';
      if (state !== 'paused' || before !== 'running' || !error) return undefined;
      return error.code === 'file.no-space' ? 'diskFull' : 'paused';
    })();
    return kind && { kind, machine: id, name, error, target: { kind: 'machine', id } };
  }

  private job({
    id,
    kind,
    state,
    subject,
    title,
    error,
    automatic,
  }: z.input<Events['job.changed']>): Notice | undefined {
    if (kind !== 'snapshot') return undefined;
    if (state === 'running') {
      this.runningJobs.add(id);
      return undefined;
    }
    if (!this.runningJobs.delete(id) || state === 'cancelled') return undefined;
    // Those that are taken by the clock would be a nuisance; that one could not be taken is not.
    if (state === 'done' && automatic) return undefined;
    return {
      kind: state === 'done' ? 'snapshotDone' : 'snapshotFailed',
      machine: subject,
      name: title,
      error: error === null ? null : toErrorValue(error),
      target: { kind: 'snapshots', id: subject },
    };
  }
}
