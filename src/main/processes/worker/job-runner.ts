import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** What a job gets besides its parameters. */
export interface JobControl {
  /** Tells how far it is; may be called as often as one likes. */
  progress: (done: number, total: number | null) => void;
  signal: AbortSignal;
}

/** At most ten reports a second. */
const progressIntervalMs = 100;

/** Runs the one job of this process. */
export class JobRunner {
  private readonly abort = new AbortController();
  private running: Promise<unknown> | undefined;

  /**
   * @param report told of progress, at most ten times a second; the end is always told
   * @param ended called when the job is over, however it ended
   */
  constructor(
    private readonly report: (progress: { done: number; total: number | null }) => void,
    private readonly ended: () => void,
  ) {}

  /** @throws Failure what the job throws; `ipc.denied` when there was one already; `cancelled` */
  run<T>(job: (control: JobControl) => Promise<T>): Promise<T> {
    if (this.running) {
      return Promise.reject(new Failure('ipc.denied', 'A worker process does one job, and this one has it.'));
    }
    const running = this.runJob(job);
    this.running = running;
    return running;
  }

  /** Ends the job; resolves when nothing is left of it. */
  async cancel(): Promise<void> {
    this.abort.abort();
    try {
      await this.running;
    } catch {
      // Whoever started the job is told.
    }
  }

  private async runJob<T>(job: (control: JobControl) => Promise<T>): Promise<T> {
    const { signal } = this.abort;
    let last = -Infinity;
    let untold: { done: number; total: number | null } | undefined;
    const progress: JobControl['progress'] = (done, total) => {
      untold = { done, total };
      if (performance.now() - last < progressIntervalMs) return;
      last = performance.now();
      this.report(untold);
      untold = undefined;
    };
    try {
      if (signal.aborted) throw new Failure('cancelled', phrase('task.beforeBegin'));
      const result = await job({ progress, signal });
      if (untold) this.report(untold);
      return result;
    } finally {
      this.ended();
    }
  }
}
