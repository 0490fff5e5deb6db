import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { RunningMachine } from './engine';

/** Between two reports of how far a merge is, in milliseconds. */
const progressMs = 100;

export interface MergeNews {
  progress(disk: string, done: number, total: number): void;
  log(line: string): void;
}

/** Merges of a running machine's images, at most one for each disk. What they are in the way of ends them first. */
export class DiskMerges {
  readonly #underway = new Map<string, { abort: AbortController; done: Promise<void> }>();

  constructor(private readonly news: MergeNews) {}

  /** Begins one. `done` settles when it has ended. @throws Failure when it cannot begin */
  begin(
    machine: Pick<RunningMachine, 'mergeDisk'>,
    disk: string,
    below: string | null,
  ): { done: Promise<void> } {
    if (this.#underway.has(disk)) {
      throw new Failure('machine.wrong-state', phrase('merge.underway', { disk }));
    }
    if (!machine.mergeDisk) {
      throw new Failure('engine.unsupported', phrase('merge.engineCannot'));
    }
    const abort = new AbortController();
    const began = performance.now();
    const merged = machine.mergeDisk(disk, below, {
      signal: abort.signal,
      onProgress: this.#teller(disk),
    });
    const done = merged
      .then(
        () => this.news.log(`Merged the images of ${disk} in ${Math.round(performance.now() - began)} ms`),
        (error: unknown) => {
          this.news.log(`Not merged: ${toErrorValue(error).message}`);
          throw error;
        },
      )
      .finally(() => this.#underway.delete(disk));
    done.catch(() => undefined); // told to whoever asked for it
    this.#underway.set(disk, { abort, done });
    return { done };
  }

  /** Ends the merge of a disk, or those of all; resolves when they have ended. */
  async end(disk?: string): Promise<void> {
    const ending = [...this.#underway].filter(([id]) => disk === undefined || id === disk);
    for (const [, { abort }] of ending) abort.abort();
    await Promise.all(ending.map(([, { done }]) => done.catch(() => undefined)));
  }

  /** Ends all, and waits for none: the machine ends. */
  abandon(): void {
    for (const { abort } of this.#underway.values()) abort.abort();
  }

  #teller(disk: string): (done: number, total: number) => void {
    let told = -Infinity;
    return (done, total) => {
      const now = performance.now();
      if (now - told < progressMs && done < total) return;
      told = now;
      this.news.progress(disk, done, total);
    };
  }
}
