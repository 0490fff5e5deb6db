import { toErrorValue } from '@shared/errors';
import { hasProcess } from '@shared/machine/state';
import type { AutomaticReason, AutomaticSnapshots } from '@shared/snapshot/automatic';
import { chooseThinning } from '@shared/snapshot/thinning';
import type { Machine } from '../machines/machine';
import type { Deleting } from './delete';
import { hasChanged } from './describe';
import type { Taking } from './take';
import type { SnapshotWork } from './work';

/** How often it is looked whose turn it is, in milliseconds. */
const lookEveryMs = 30_000;

const names: Record<AutomaticReason, string> = {
  schedule: 'By schedule',
  start: 'Before a start',
  stop: 'After power-off',
};

/** Snapshots that nobody asks for, and an end to most of them. */
export class Automatic {
  private readonly timer: NodeJS.Timeout;
  /** Machines whose last scheduled snapshot is under way. */
  private readonly busy = new Set<string>();

  constructor(
    private readonly work: SnapshotWork,
    private readonly taking: Taking,
    private readonly deleting: Deleting,
    private readonly now: () => number = Date.now,
  ) {
    this.timer = setInterval(() => void this.look(), lookEveryMs);
    // The program does not stay for this.
    this.timer.unref();
  }

  /** Takes what the schedules of running machines ask for. Never rejects. */
  async look(): Promise<void> {
    if (this.work.machines.power.isClosing) return;
    const due = this.work.machines.running().filter((machine) => this.isRunning(machine));
    await Promise.all(due.map((machine) => this.lookAt(machine)));
  }

  /**
   * Before a start, in the machine's turn. What fails is told, and the machine is started all the same: its disks are
   * not worse off than without.
   */
  async beforeStart(machine: Machine): Promise<void> {
    const settings = rulesOf(machine);
    if (!settings?.atStart) return;
    await this.attempt(machine, async () => {
      if (!(await this.isWorthIt(machine))) return;
      await this.taking.still(machine, this.request(machine, 'start', false));
      await this.thin(machine, settings, (ids) => this.deleting.inTurn(machine, ids));
    });
  }

  /** After a machine has ended. Never rejects. */
  async afterEnd(machine: Machine): Promise<void> {
    const settings = rulesOf(machine);
    if (!settings?.atStop || this.work.machines.power.isClosing) return;
    await this.work.inTurn(machine, () =>
      this.attempt(machine, async () => {
        const taken = await machine.inTurn(async () => {
          if (machine.state !== 'off' || !(await this.isWorthIt(machine))) return false;
          await this.taking.still(machine, this.request(machine, 'stop', false));
          return true;
        });
        if (taken) await this.thin(machine, settings, (ids) => this.deleting.now(machine, ids));
      }),
    );
  }

  private isRunning({ state, runner }: Machine): boolean {
    return runner !== undefined && (state === 'running' || state === 'paused');
  }

  private async lookAt(machine: Machine): Promise<void> {
    const settings = rulesOf(machine);
    if (settings?.every === undefined || settings.every === null || this.busy.has(machine.id)) return;
    this.busy.add(machine.id);
    await this.attempt(machine, async () => {
      if (!(await this.isDue(machine, settings.every ?? 0))) return;
      const request = this.request(machine, 'schedule', settings.memory);
      const { jobId } = await this.taking.start(request);
      const { error } = await this.work.context.jobs.ended(jobId);
      if (error) machine.note(`automatic snapshot: ${error.message}`);
      await this.work.inTurn(machine, () =>
        this.thin(machine, settings, (ids) => this.deleting.now(machine, ids)),
      );
    });
    this.busy.delete(machine.id);
  }

  /** Counted from the last one, and from the machine's start where there is none since. */
  private async isDue(machine: Machine, everyMinutes: number): Promise<boolean> {
    const { records } = await this.work.storeOf(machine).usableRecords();
    const times = records
      .filter(({ automatic }) => automatic === 'schedule')
      .map(({ createdAt }) => createdAt);
    const last = Math.max(
      ...[...times, machine.runtime?.startedAt ?? ''].map(Date.parse).filter(Number.isFinite),
    );
    return this.now() - last >= everyMinutes * 60_000;
  }

  /** A saved machine is not started but goes on; and of a state that there is a snapshot of, none more is needed. */
  private async isWorthIt(machine: Machine): Promise<boolean> {
    if (hasProcess(machine.state)) return false;
    const store = this.work.storeOf(machine);
    if (await store.has('saved/state.viv')) return false;
    const [config, { records }] = [await store.config(), await store.usableRecords()];
    const current = records.find(({ id }) => id === config.snapshot);
    return !current || hasChanged(store, config, current);
  }

  private request(machine: Machine, automatic: AutomaticReason, memory: boolean) {
    const name = `${names[automatic]}, ${new Date(this.now()).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    return { id: machine.id, name, memory, automatic };
  }

  private async thin(
    machine: Machine,
    settings: AutomaticSnapshots,
    remove: (ids: string[]) => Promise<void>,
  ): Promise<void> {
    const { records, broken } = await this.work.storeOf(machine).usableRecords();
    if (broken.length > 0) return;
    const list = records.map(({ id, createdAt, automatic = null }) => ({ id, createdAt, automatic }));
    const offsetMs = -new Date(this.now()).getTimezoneOffset() * 60_000;
    const doomed = chooseThinning(list, settings.keep, machine.config?.snapshot ?? null, offsetMs);
    if (doomed.length > 0) await remove(doomed);
  }

  private async attempt(machine: Machine, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      const { code, message } = toErrorValue(error);
      machine.note(`automatic snapshot: ${message}`);
      this.work.context.log.warn(`“${machine.name}” (${machine.id}): no automatic snapshot`, error);
      if (code === 'journal.unfinished') this.work.report(machine, error);
    }
  }
}

/** A machine that discards its changes has nothing to keep of them. */
function rulesOf({ config }: Machine): AutomaticSnapshots | undefined {
  return config?.discardOnPowerOff ? undefined : config?.automaticSnapshots;
}
