import { access, mkdir } from 'node:fs/promises';
import { type ErrorValue, Failure, toErrorValue, toFailure } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import { hasProcess, isAllowed } from '@shared/machine/state';
import { phrase } from '@shared/phrases/phrase';
import type { HostedProcess } from '../platform/process-host';
import { checkConfig } from './check-config';
import { type MachinesContext, requireConfig, requireEngine, requireState } from './context';
import { prepareLaunch } from './launch-paths';
import { layoutOf } from './layout';
import type { Library } from './library';
import type { Machine } from './machine';
import { type Ending, Runner } from './runner';
import { checkSavedState, removeSavedState } from './saved-state';

/** How long a process may take for what should be immediate, in milliseconds. */
const promptMs = 10_000;
/** How long the guest may take to set its clock, in milliseconds. */
const clockMs = 30_000;

/** How often a machine tells how far its saving is, in bytes of its memory image. */
export type SaveProgress = (done: number, total: number | null) => void;

/** How often a machine tells how far it is with merging a disk's images, in a unit of the engine's own. */
export type MergeProgress = (disk: string, done: number, total: number) => void;

/** Starts and ends machines: everything between `off` and `off`. */
export class Power {
  private readonly saveProgress = new Map<Machine, SaveProgress>();
  private readonly mergeProgress = new Map<Machine, MergeProgress>();
  /** Machines that stood still for a problem before their start was through. */
  private readonly haltedAtStart = new Set<Machine>();
  private closing = false;

  constructor(
    private readonly library: Library,
    private readonly context: MachinesContext,
  ) {}

  /** From now on nothing is started: the program ends. */
  close(): void {
    this.closing = true;
  }

  /** The program ends. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Boots a machine, or lets it go on from its saved state. Resolves when the guest runs. */
  start(machine: Machine): Promise<void> {
    return machine.inTurn(async () => {
      if (this.closing) throw new Failure('cancelled', phrase('desktop.closing'));
      requireState(machine, 'start');
      await this.context.beforeStart?.(machine);
      // Somebody may have edited the file since it was read.
      await this.library.reread(machine);
      requireState(machine, 'start');
      const config = requireConfig(machine);
      const restoring = machine.state === 'saved';
      // Its process starts up while everything is looked at: that takes it a tenth of a second.
      const child = this.context.processHost.start('machine-process', machine.name);
      let paths: LaunchPaths;
      try {
        paths = await this.prepare(machine, config, restoring);
      } catch (error) {
        child.kill();
        throw error;
      }
      const runner = this.begin(machine, child, restoring);
      this.context.networks?.plug(config, paths.networks ?? {});
      try {
        await runner.call('launch', { config, paths });
      } catch (error) {
        throw await this.launchFailed(machine, runner, error);
      }
      if (machine.runner !== runner || !machine.apply('started')) throw await this.endedAtStart(machine);
      if (this.haltedAtStart.delete(machine)) machine.apply('pause');
      machine.runtime = { ...emptyRuntime(), ...machine.runtime, pid: runner.pid ?? null };
      machine.savedAt = null;
      this.library.changed(machine);
      if (restoring && machine.state === 'running') this.setClock(machine);
      // Its process has made the saved state unusable already; this takes the rest of it away.
      if (restoring) await this.tidySaved(machine);
    });
  }

  /** Everything that can refuse a start. @throws Failure nothing has been changed then */
  private async prepare(machine: Machine, config: MachineConfig, restoring: boolean): Promise<LaunchPaths> {
    const { folder } = machine;
    const { savedState, logs } = layoutOf(folder);
    // Side by side, for a person waits; what is wrong with the configuration is told first.
    const preparing = prepareLaunch(folder, config, this.context, restoring ? savedState : null);
    preparing.catch(() => undefined);
    const engine = await requireEngine(this.context, config.engine);
    checkConfig(config, engine);
    const paths = await preparing;
    if (restoring) await checkSavedState(savedState, config, engine);
    await mkdir(logs, { recursive: true, mode: 0o700 });
    return paths;
  }

  /** Powers off at once, in whatever the machine is doing. */
  async powerOff(machine: Machine): Promise<void> {
    requireState(machine, 'powerOff');
    const { runner } = machine;
    if (!runner) {
      // Its process has just ended, and what that makes of the machine is being found out.
      await machine.settled;
      return;
    }
    if (machine.state === 'stopping' || machine.state === 'restoring') {
      // Asked once more, the person has waited long enough; and where no guest runs yet, nothing can be lost.
      runner.kill();
    } else {
      machine.apply('stop');
      this.library.changed(machine);
      await runner.powerOff();
    }
    await machine.settled;
  }

  pause(machine: Machine): Promise<void> {
    return this.change(machine, 'pause', 'pause');
  }

  async resume(machine: Machine): Promise<void> {
    await this.change(machine, 'resume', 'resume');
    this.setClock(machine);
  }

  /** Lets the guest's clock catch up with the host's, where the guest has an agent; nobody waits for it. */
  setClock(machine: Machine): void {
    machine.runner?.call('setClock', {}, clockMs).then(
      (set) => set && machine.note('the guest’s clock was set'),
      (error: unknown) => machine.note(`the guest’s clock was not set: ${toErrorValue(error).message}`),
    );
  }

  reset(machine: Machine): Promise<void> {
    return machine.inTurn(async () => {
      requireState(machine, 'reset');
      await this.processOf(machine).call('reset', {});
    });
  }

  /** Why the memory of a machine cannot be saved now; null when it can, or when there is none to save. */
  async saveObstacle(machine: Machine): Promise<ErrorValue | null> {
    const engine = await requireEngine(this.context, requireConfig(machine).engine);
    if (!engine.saveState) {
      const reason = phrase('saving.engine', { engine: engine.title });
      return new Failure('engine.unsupported', phrase('saving.obstacle', { reason }), {
        hint: phrase('saving.hint'),
      }).toValue();
    }
    if (!machine.runner || !isAllowed('save', machine.state)) return null;
    return machine.runner.call('saveObstacle', {}, promptMs);
  }

  /** Refuses what would fail in the middle of saving, while nothing has been paused yet. @throws Failure */
  async requireSavable(machine: Machine): Promise<void> {
    const obstacle = await this.saveObstacle(machine);
    if (obstacle) throw toFailure(obstacle);
  }

  /** Saves the machine's state and ends it. On failure it stays paused. */
  save(machine: Machine, progress: SaveProgress): Promise<void> {
    return machine.inTurn(async () => {
      requireState(machine, 'save');
      await this.requireSavable(machine).catch((error: unknown) => this.whyUnanswered(machine, error));
      const { saved, savedState, savedScreen } = layoutOf(machine.folder);
      const runner = this.processOf(machine);
      requireState(machine, 'save');
      // Only the last folder is made: where the machine's own is gone, saving must fail.
      await mkdir(saved, { mode: 0o700 }).catch(unless('EEXIST'));
      machine.apply('save');
      this.library.changed(machine);
      this.saveProgress.set(machine, progress);
      try {
        await runner.call('save', { path: savedState, screenPath: savedScreen });
        await runner.endWithin(this.context.patience.ending);
        await machine.settled;
      } catch (error) {
        await this.saveFailed(machine, runner, error);
      } finally {
        this.saveProgress.delete(machine);
      }
      if (machine.savedAt === null) throw toFailure(machine.problem ?? lostState(machine));
    });
  }

  /** Tells how much of a machine's memory has been written, until the returned function is called. */
  onSaveProgress(machine: Machine, progress: SaveProgress): () => void {
    this.saveProgress.set(machine, progress);
    return () => void this.saveProgress.delete(machine);
  }

  /** Tells how far the merge of a machine's images is, until the returned function is called. */
  onMergeProgress(machine: Machine, progress: MergeProgress): () => void {
    this.mergeProgress.set(machine, progress);
    return () => void this.mergeProgress.delete(machine);
  }

  /** The process of a machine that runs. @throws Failure `machine.wrong-state` */
  processOf(machine: Machine): Runner {
    if (machine.runner) return machine.runner;
    throw new Failure('machine.wrong-state', phrase('machine.notRunning', { name: machine.name }));
  }

  private begin(machine: Machine, child: HostedProcess, restoring: boolean): Runner {
    const runner = new Runner(
      child,
      {
        pausedByProblem: (problem) => {
          if (machine.state === 'running') machine.apply('pause');
          else if (machine.state === 'starting' || machine.state === 'restoring')
            this.haltedAtStart.add(machine);
          this.report(machine, problem, 'paused by a problem');
        },
        resumed: () => {
          this.haltedAtStart.delete(machine);
          if (machine.state === 'paused') machine.apply('resume');
          this.report(machine, null, 'resumed');
        },
        responsive: (problem) => {
          if (problem) this.report(machine, problem, 'unresponsive');
          else if (machine.runProblem?.code === 'machine.unresponsive')
            this.report(machine, null, 'responsive again');
        },
        deviceGone: (id) => this.context.deviceGone?.(machine, id),
        pointer: (pointer) => this.updateRuntime(machine, { pointer }),
        screen: (screen) => this.updateRuntime(machine, { screen }),
        saveProgress: (done, total) => this.saveProgress.get(machine)?.(done, total),
        mergeProgress: (...progress) => this.mergeProgress.get(machine)?.(...progress),
        log: (line) => machine.note(line),
        notice: (notice) => this.context.emit({ name: 'machine.notice', value: { id: machine.id, notice } }),
      },
      this.context.patience,
      this.context.log,
    );
    machine.runner = runner;
    this.haltedAtStart.delete(machine);
    machine.runProblem = null;
    machine.runtime = { ...emptyRuntime(), pid: runner.pid ?? null };
    machine.apply(restoring ? 'restore' : 'start');
    machine.settled = runner.ended.then((ending) => this.settle(machine, runner, ending));
    machine.note(`process ${runner.pid ?? '(none)'} for “${machine.name}”`);
    runner.watch();
    this.library.changed(machine);
    return runner;
  }

  /** Deals with the end of a process, however it came about: the one place where a machine leaves its running states. */
  private async settle(machine: Machine, runner: Runner, { problem }: Ending): Promise<void> {
    machine.runner = undefined;
    machine.runtime = null;
    this.context.networks?.unplug(machine.id);
    if (problem) for (const line of runner.tail) machine.note(`output: ${line}`);
    const stateFile = await exists(layoutOf(machine.folder).savedState);
    const { state } = machine;
    if (state === 'saving' && stateFile) {
      // The file is there as a whole or not at all, and the guest has not run since.
      machine.apply('saved');
      machine.runProblem = null;
    } else if (state === 'restoring' && stateFile) {
      machine.apply(problem ? 'crashed' : 'stopped');
      machine.runProblem = problem;
    } else {
      // The saved state has been used up, so the guest ran.
      if (state === 'restoring') machine.apply('started');
      if (state === 'saving') await this.tidySaved(machine);
      const crash = problem ?? (state === 'saving' ? lostState(machine) : null);
      machine.apply(crash ? 'crashed' : 'stopped');
      machine.runProblem = machine.state === 'aborted' ? crash : null;
    }
    if (machine.problem) {
      this.context.log.warn(`“${machine.name}” (${machine.id})`, machine.problem);
      machine.note(machine.problem.message);
    }
    // The folder may have been removed or changed in the meantime.
    await this.library.reread(machine);
    this.library.changed(machine);
  }

  /** Removes what an interrupted saving has left; that it cannot is no reason not to go on. */
  private async tidySaved(machine: Machine): Promise<void> {
    await removeSavedState(machine.folder).catch((error: unknown) =>
      this.context.log.warn(`The unfinished saved state of “${machine.name}” stays`, error),
    );
  }

  private async launchFailed(machine: Machine, runner: Runner, error: unknown): Promise<Failure> {
    const poweredOff = machine.state === 'stopping' || runner.wasKilled;
    const told = !(error instanceof Failure && error.code === 'ipc.closed');
    // A launch that was refused has changed nothing, so that its process can be ended without ceremony.
    if (told) runner.kill();
    await runner.ended;
    await machine.settled;
    if (poweredOff)
      return new Failure('cancelled', phrase('machine.offWhileStarting', { name: machine.name }));
    if (told) machine.note(`not started: ${toErrorValue(error).message}`);
    return told ? toFailure(error) : toFailure(machine.problem ?? error);
  }

  /** Why a machine that was launched does not run after all. */
  private async endedAtStart(machine: Machine): Promise<Failure> {
    await machine.settled;
    if (machine.problem) return toFailure(machine.problem);
    return new Failure('cancelled', phrase('machine.offWhileStarting', { name: machine.name }));
  }

  /** Why a machine did not answer: when its process has just died, what that made of the machine. @throws always */
  private async whyUnanswered(machine: Machine, error: unknown): Promise<never> {
    if (!(error instanceof Failure && error.code === 'ipc.closed')) throw error;
    await machine.settled;
    throw toFailure(machine.problem ?? error.toValue());
  }

  private async saveFailed(machine: Machine, runner: Runner, error: unknown): Promise<void> {
    if (machine.runner !== runner || (error instanceof Failure && error.code === 'ipc.closed')) {
      // The process is gone: what it left decides.
      await runner.ended;
      await machine.settled;
      return;
    }
    // It goes on; a state that it may have written must not outlive that.
    await this.tidySaved(machine);
    if (await exists(layoutOf(machine.folder).savedState)) {
      // It is whole, and the guest has not run since: what cannot be removed is used.
      runner.kill();
      await runner.ended;
      await machine.settled;
      return;
    }
    machine.apply('save-failed');
    this.library.changed(machine);
    throw toFailure(error);
  }

  private change(machine: Machine, action: 'pause' | 'resume', event: 'pause' | 'resume'): Promise<void> {
    return machine.inTurn(async () => {
      requireState(machine, action);
      await this.processOf(machine).call(action, {});
      if (event === 'resume') machine.runProblem = null;
      machine.apply(event);
      this.library.changed(machine);
    });
  }

  private report(machine: Machine, problem: ErrorValue | null, what: string): void {
    machine.runProblem = problem;
    machine.note(problem ? `${what}: ${problem.message}` : what);
    this.library.changed(machine);
  }

  private updateRuntime(machine: Machine, part: Partial<NonNullable<Machine['runtime']>>): void {
    if (!machine.runtime || !hasProcess(machine.state)) return;
    machine.runtime = { ...machine.runtime, ...part };
    this.library.changed(machine);
  }
}

function emptyRuntime(): NonNullable<Machine['runtime']> {
  return {
    pid: null,
    startedAt: new Date().toISOString(),
    pointer: 'relative',
    screen: { width: 0, height: 0, text: true },
  };
}

function lostState(machine: Machine): ErrorValue {
  return new Failure('machine.crashed', phrase('machine.stateLost', { name: machine.name })).toValue();
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Passes over one error of the system and throws every other. */
function unless(code: string): (error: unknown) => void {
  return (error) => {
    if ((error as { code?: string }).code !== code) throw error;
  };
}
