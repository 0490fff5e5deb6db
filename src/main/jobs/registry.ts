import { randomBytes } from 'node:crypto';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Job } from '@shared/ipc/contract';
import type { EmitEvent } from '../platform/events';

/** At most this often a job's progress is told, in milliseconds. */
const progressEveryMs = 100;
/** Ended jobs that are remembered. */
const keptEnded = 30;

export interface JobDescription {
  kind: Job['kind'];
  subject: string;
  title: string;
  unit: Job['unit'];
  cancellable: boolean;
  /** Nobody asked for it. */
  automatic?: boolean;
}

/** What a task has of the job that it runs as. */
export interface JobControl {
  /** Aborted when the person cancels, or the program ends. */
  readonly signal: AbortSignal;
  /** In the job's unit; `total` null while unknown. */
  progress(done: number, total: number | null): void;
}

interface Entry {
  job: Job;
  abort: AbortController;
  ended: Promise<void>;
}

/** The long tasks under way, and the last ones that ended. */
export class JobRegistry {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly emit: EmitEvent) {}

  /** Starts `task` at once. What it resolves to becomes the job's result; its failure never escapes the job. */
  start(description: JobDescription, task: (control: JobControl) => Promise<unknown>): { jobId: string } {
    const abort = new AbortController();
    const job: Job = {
      ...description,
      id: randomBytes(8).toString('hex'),
      state: 'running',
      done: 0,
      total: null,
      error: null,
      result: null,
    };
    const tell = throttled(() => this.emit({ name: 'job.changed', value: { ...job } }), progressEveryMs);
    const control: JobControl = {
      signal: abort.signal,
      progress(done, total) {
        if (job.state !== 'running') return;
        job.done = done;
        job.total = total;
        tell.soon();
      },
    };
    const entry: Entry = { job, abort, ended: Promise.resolve() };
    this.entries.set(job.id, entry);
    tell.now();
    entry.ended = Promise.resolve()
      .then(() => task(control))
      .then(
        (result) => {
          job.state = 'done';
          job.result = result ?? null;
          if (job.total !== null) job.done = job.total;
        },
        (error: unknown) => {
          const value = toErrorValue(error);
          const cancelled = abort.signal.aborted || value.code === 'cancelled';
          job.state = cancelled ? 'cancelled' : 'failed';
          job.error = cancelled ? null : value;
        },
      )
      .then(() => {
        tell.now();
        this.forgetOld();
      });
    return { jobId: job.id };
  }

  list(): Job[] {
    return [...this.entries.values()].map(({ job }) => ({ ...job }));
  }

  /** Resolves to the job as it ended. @throws Failure `job.not-found` */
  async ended(id: string): Promise<Job> {
    const entry = this.find(id);
    await entry.ended;
    return { ...entry.job };
  }

  /** Asks a job to end; one that has ended stays as it is. @throws Failure `job.not-found`, `input.invalid` */
  cancel(id: string): void {
    const { job, abort } = this.find(id);
    if (job.state !== 'running') return;
    if (!job.cancellable) throw new Failure('input.invalid', phrase('task.noCancel', { title: job.title }));
    abort.abort(new Failure('cancelled', phrase('task.cancelled', { title: job.title })));
  }

  /** Ends what can be cancelled and waits for it, for at most `timeoutMs`. */
  async cancelAll(timeoutMs: number): Promise<void> {
    const running = [...this.entries.values()].filter(({ job }) => job.state === 'running');
    for (const { job, abort } of running) {
      if (job.cancellable) abort.abort(new Failure('cancelled', phrase('desktop.closing')));
    }
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(running.map(({ ended }) => ended)), patience]);
    clearTimeout(timer);
  }

  private find(id: string): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new Failure('job.not-found', phrase('task.gone'));
    return entry;
  }

  private forgetOld(): void {
    const ended = [...this.entries.values()].filter(({ job }) => job.state !== 'running');
    for (const { job } of ended.slice(0, Math.max(0, ended.length - keptEnded))) this.entries.delete(job.id);
  }
}

/** `soon` calls at most once every `everyMs`, and once more at the end of a burst; `now` calls at once. */
function throttled(call: () => void, everyMs: number): { soon(): void; now(): void } {
  let last = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    last = performance.now();
    call();
  };
  return {
    now,
    soon() {
      if (timer) return;
      const wait = last + everyMs - performance.now();
      if (wait <= 0) now();
      else timer = setTimeout(now, wait);
    },
  };
}
