import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';
import type { Shell } from '../platform/shell';
import type { JobRegistry } from '../jobs/registry';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';

/** What happens to running machines when the program ends. */
export type RunningAtQuit = 'save' | 'shutdown' | 'power-off';

/** How long each way of ending a machine may take before the next, harder one is tried; in milliseconds. */
export interface QuitLimits {
  save: number;
  shutdown: number;
  powerOff: number;
  jobs: number;
}
export const usualQuitLimits: QuitLimits = {
  save: 120_000,
  shutdown: 60_000,
  powerOff: 25_000,
  jobs: 5000,
};

/** Ends the program without losing anything that need not be lost. It always comes to an end. */
export class QuitService {
  private ending: Promise<void> | undefined;

  constructor(
    private readonly machines: MachineService,
    private readonly jobs: JobRegistry,
    private readonly shell: Shell,
    private readonly emit: EmitEvent,
    private readonly log: Log,
    private readonly limits: QuitLimits,
    private readonly closed: () => Promise<void>,
  ) {}

  /** True when nothing runs, so that the program may end at once; otherwise the user interface is made to ask. */
  request(): boolean {
    const running = this.machines.running().map((machine) => machine.summary());
    if (running.length === 0) return true;
    this.emit({ name: 'app.quitAsked', value: { running } });
    return false;
  }

  cancel(): void {
    this.shell.quitCancelled?.();
  }

  /** Ends every machine and job and gives the data folder back. Later calls wait for the first. */
  shutdown(how: RunningAtQuit): Promise<void> {
    this.ending ??= this.endAll(how);
    return this.ending;
  }

  private async endAll(how: RunningAtQuit): Promise<void> {
    this.log.info(`ending: ${how}`);
    this.machines.power.close();
    await this.jobs.cancelAll(this.limits.jobs);
    await Promise.all(this.machines.running().map((machine) => this.endMachine(machine, how)));
    await this.closed();
  }

  private async endMachine(machine: Machine, how: RunningAtQuit): Promise<void> {
    const { power } = this.machines;
    // A state that is being saved is kept, and an end that is under way comes by itself.
    if (machine.state === 'saving' || machine.state === 'stopping') {
      await this.attempt(machine, 'end by itself', this.limits.save, () => machine.settled);
    }
    if (machine.runner && how === 'shutdown') {
      await this.attempt(machine, 'shut down', this.limits.shutdown, async () => {
        await this.machines.powerButton(machine.id);
        await machine.settled;
      });
    }
    // A guest that did not shut down has its state saved: that loses nothing.
    if (machine.runner && how !== 'power-off') {
      await this.attempt(machine, 'save', this.limits.save, () => power.save(machine, () => {}));
    }
    const { runner } = machine;
    if (!runner) return;
    if (machine.state === 'running' || machine.state === 'paused' || machine.state === 'starting') {
      await this.attempt(machine, 'power off', this.limits.powerOff, () => power.powerOff(machine));
    }
    if (machine.runner) runner.kill();
    await machine.settled;
  }

  private async attempt(
    machine: Machine,
    what: string,
    limitMs: number,
    action: () => Promise<void>,
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms`)), limitMs);
    });
    try {
      await Promise.race([action(), patience]);
    } catch (error) {
      this.log.warn(`“${machine.name}” could not be made to ${what} at the end`, error);
    } finally {
      clearTimeout(timer);
    }
  }
}
