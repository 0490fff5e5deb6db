import type { ErrorValue } from '@shared/errors';
import type { MachineConfig } from '@shared/machine/config';
import { type MachineEvent, type MachineState, transition } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { rotatingFile, type RotatingFile } from '../platform/rotating-file';
import type { FolderContents } from './folder';
import { layoutOf } from './layout';
import type { Runner } from './runner';

/** One machine of the library, with what is going on with it now. */
export class Machine {
  readonly id: string;
  folder: string;
  log: RotatingFile;
  name: string;
  config: MachineConfig | null;
  state: MachineState;
  /** Why its folder cannot be used. */
  private folderProblem: ErrorValue | null;
  /** What went wrong while it ran, until it runs again. */
  runProblem: ErrorValue | null = null;
  savedAt: string | null;
  runtime: MachineSummary['runtime'] = null;
  runner: Runner | undefined;
  /** Resolves when the end of the last process has been dealt with. */
  settled: Promise<void> = Promise.resolve();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(contents: FolderContents) {
    this.id = contents.id;
    this.folder = contents.folder;
    this.log = rotatingFile(layoutOf(contents.folder).log);
    this.name = contents.name;
    this.config = contents.config;
    this.folderProblem = contents.problem;
    this.savedAt = contents.savedAt;
    this.state = contents.savedAt === null ? 'off' : 'saved';
  }

  get problem(): ErrorValue | null {
    return this.folderProblem ?? this.runProblem;
  }

  /** Takes over what its folder says now. Precondition: no process. */
  refresh(contents: FolderContents): void {
    this.name = contents.name;
    this.config = contents.config;
    this.savedAt = contents.savedAt;
    if (contents.savedAt !== null) this.state = 'saved';
    else if (this.state !== 'aborted') this.state = 'off';
    this.folderProblem = contents.problem;
  }

  /** It is in another folder from now on. Precondition: no process. */
  movedTo(folder: string): void {
    this.folder = folder;
    this.log = rotatingFile(layoutOf(folder).log);
  }

  /** Goes on to the next state; false where the event is not legal in this one. */
  apply(event: MachineEvent): boolean {
    const next = transition(this.state, event);
    if (next === undefined) return false;
    this.note(`${this.state} → ${next} (${event})`);
    this.state = next;
    return true;
  }

  /** Runs `task` after everything that was queued before it; for what must not happen at the same time. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.queue.then(task);
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Writes a line into the machine's log. */
  note(line: string): void {
    this.log.write(`${new Date().toISOString()} ${line}`);
  }

  summary(): MachineSummary {
    return {
      id: this.id,
      name: this.name,
      folder: this.folder,
      state: this.state,
      config: this.config,
      inaccessible: this.config === null,
      problem: this.problem,
      runtime: this.runtime,
      savedAt: this.savedAt,
    };
  }
}
