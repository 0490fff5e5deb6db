import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import { hasProcess } from '@shared/machine/state';
import { lockMachine } from '../platform/machine-lock';
import type { BusyMachines } from './busy';
import type { Machine } from './machine';

/** Keeps machines that are off for long tasks on their files. */
export class MachineKeeper {
  /** @param recover deals with what was left half done in a machine's folder */
  constructor(
    readonly busy: BusyMachines,
    private readonly recover: (machine: Machine) => Promise<void>,
  ) {}

  /**
   * Keeps everybody from using a machine, other programs too, until the returned function is called.
   *
   * @param what what is done with it, for people: “is being cloned”
   * @throws Failure `machine.wrong-state`, `machine.locked`, `journal.unfinished`
   */
  keep(machine: Machine, what: Phrase): Promise<() => Promise<void>> {
    return machine.inTurn(() => this.keepInTurn(machine, what));
  }

  /** The same, where the caller has the machine's turn. */
  async keepInTurn(machine: Machine, what: Phrase): Promise<() => Promise<void>> {
    this.requireRest(machine);
    await this.recover(machine);
    const forget = this.busy.keep(machine, what);
    try {
      const lock = await lockMachine(machine.folder, (line) => machine.note(line));
      if (!lock) throw new Failure('machine.locked', phrase('problem.lockedMachine', { name: machine.name }));
      return async () => {
        forget();
        await lock.release();
      };
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Does something with a machine that is kept meanwhile. */
  async during<T>(machine: Machine, what: Phrase, task: () => Promise<T>): Promise<T> {
    const release = await this.keep(machine, what);
    try {
      return await task();
    } finally {
      await release();
    }
  }

  /** @throws Failure `machine.wrong-state`, `machine.locked` */
  requireRest(machine: Machine): void {
    this.busy.refuse(machine);
    if (!hasProcess(machine.state)) return;
    throw new Failure(
      'machine.wrong-state',
      phrase('machine.disksChanging', { name: machine.name, state: phrase(`state.${machine.state}`) }),
      {
        hint: phrase('machine.disksChangingHint'),
      },
    );
  }
}
