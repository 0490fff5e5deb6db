import type { SleepChoice } from '@shared/desktop/choices';
import type { Log } from '../platform/log';
import type { Machine } from './machine';
import type { MachineService } from './service';

/**
 * What becomes of running machines while the computer sleeps. A guest that is paused, or saved, does not see hours
 * pass between two of its instructions; when the computer wakes, those machines go on, and clocks are set right.
 */
export class HostSleep {
  /** Machines that go on when the computer wakes, and how. */
  private readonly waiting = new Map<Machine, 'pause' | 'save'>();
  private turns: Promise<void> = Promise.resolve();

  constructor(
    private readonly machines: Pick<MachineService, 'running' | 'power'>,
    private readonly log: Log,
  ) {}

  /** The computer goes to sleep, within a few seconds. Resolves when the machines are ready for it. */
  sleep(choice: SleepChoice): Promise<void> {
    return this.inTurn(async () => {
      if (choice === 'nothing') return;
      const running = this.machines.running().filter(({ state }) => state === 'running');
      await Promise.all(running.map((machine) => this.still(machine, choice)));
    });
  }

  /** The computer is awake again. Resolves when the machines that were made to wait go on. */
  wake(): Promise<void> {
    return this.inTurn(async () => {
      const waiting = [...this.waiting];
      this.waiting.clear();
      const { power } = this.machines;
      // These are asked for their time as they go on; the others ran on, and missed as much.
      for (const machine of this.machines.running()) {
        if (machine.state === 'running') power.setClock(machine);
      }
      await Promise.all(
        waiting.map(([machine, how]) =>
          this.attempt(machine, 'woken', async () => {
            // Whoever did something with it in the meantime has decided what it does.
            if (how === 'pause' && machine.state === 'paused') await power.resume(machine);
            if (how === 'save' && machine.state === 'saved') await power.start(machine);
          }),
        ),
      );
    });
  }

  private async still(machine: Machine, choice: 'pause' | 'save'): Promise<void> {
    const { power } = this.machines;
    await this.attempt(machine, 'put to sleep', async () => {
      if (choice === 'save' && (await this.attempt(machine, 'saved', () => power.save(machine, () => {})))) {
        this.waiting.set(machine, 'save');
        return;
      }
      // What cannot be saved, or not now, is paused: that loses nothing either.
      if (machine.state === 'running') await power.pause(machine);
      this.waiting.set(machine, 'pause');
    });
  }

  private async attempt(machine: Machine, what: string, task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      this.log.warn(`“${machine.name}” could not be ${what} with the computer`, error);
      return false;
    }
  }

  private inTurn(task: () => Promise<void>): Promise<void> {
    const result = this.turns.then(task);
    this.turns = result.catch(() => undefined);
    return result;
  }
}
