import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hasProcess } from '@shared/machine/state';
import type { Machine } from '../machines/machine';
import { removeUnfinishedFiles } from './tidy';
import type { SnapshotWork } from './work';

/**
 * Machines that forget: what the guest changes between a start and the next power-off is thrown away, its disks as
 * well as the firmware's variables. A saved state belongs to that time and keeps it; so do restarts of the guest.
 * Whenever this program or the machine's process dies, the present state is thrown away later: at the end of the
 * process, at the next start of this program, or at that of the machine.
 */
export class Discarding {
  constructor(private readonly work: SnapshotWork) {}

  /**
   * Before a machine is started, in its turn: goes back to what was kept, and keeps what there is if that is wanted.
   * @throws Failure when that is not possible: the machine must not be started
   */
  async beforeStart(machine: Machine): Promise<void> {
    const store = this.work.storeOf(machine);
    const { discardOnPowerOff = false } = await store.config();
    await this.discard(machine);
    if (!discardOnPowerOff || (await store.config()).kept) return;
    await this.work.machines.locked(machine, () => store.keep());
    machine.note('what changes from now on is discarded at power-off');
    await this.work.machines.library.reread(machine);
  }

  /** After a machine has ended. Never rejects: what fails is tried again before the machine is started. */
  afterEnd(machine: Machine): Promise<void> {
    const { work } = this;
    return work
      .inTurn(machine, () =>
        machine.inTurn(async () => {
          // A program that ends leaves it to the next one.
          if (work.machines.power.isClosing) return;
          if (hasProcess(machine.state) || machine.config === null) return;
          await work.recover(machine);
          if (await this.discard(machine)) work.changed(machine);
        }),
      )
      .catch((error: unknown) => work.context.log.warn(`“${machine.name}”: nothing discarded yet`, error));
  }

  /**
   * Whether a machine's changes are discarded from its next start on. Switching it off keeps what the machine is
   * then: changes that were to be discarded are gone by that time, because a machine has to be off for it.
   *
   * @throws Failure `machine.wrong-state`
   */
  async requireOff(machine: Machine): Promise<void> {
    await this.discard(machine);
    if (!(await this.work.storeOf(machine).config()).kept) return;
    throw new Failure('machine.wrong-state', phrase('snapshot.discards', { name: machine.name }), {
      hint: phrase('snapshot.discardsHint'),
    });
  }

  /** In the machine's turn. Whether there was something to discard; a saved state keeps it. */
  private async discard(machine: Machine): Promise<boolean> {
    const { work } = this;
    const store = work.storeOf(machine);
    if (!(await store.config()).kept || (await store.has('saved/state.viv'))) return false;
    let discarded = false;
    await work.machines.locked(machine, async () => {
      await removeUnfinishedFiles(machine.folder);
      discarded = await store.discard();
    });
    machine.note('what had changed since the start was discarded');
    await work.machines.library.reread(machine);
    return discarded;
  }
}
