import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import type { Machine } from './machine';

/** Machines whose files a long task of this program works on: nothing else is done with these meanwhile. */
export class BusyMachines {
  private readonly tasks = new Map<string, Phrase>();

  /**
   * Keeps a machine for a task, until the returned function is called.
   *
   * @param what what is done with it, for people: “is being cloned”
   * @throws Failure `machine.locked` when there is another task
   */
  keep(machine: Pick<Machine, 'id' | 'name'>, what: Phrase): () => void {
    this.refuse(machine);
    this.tasks.set(machine.id, what);
    return () => void this.tasks.delete(machine.id);
  }

  has(id: string): boolean {
    return this.tasks.has(id);
  }

  /** @throws Failure `machine.locked` while a task has the machine */
  refuse({ id, name }: Pick<Machine, 'id' | 'name'>): void {
    const what = this.tasks.get(id);
    if (what === undefined) return;
    throw new Failure('machine.locked', phrase('machine.busy', { name, what }), {
      hint: phrase('machine.busyHint'),
    });
  }
}
