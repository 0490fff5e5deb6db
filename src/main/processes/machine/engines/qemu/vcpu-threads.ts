import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { threadCpuSeconds } from './process-identity';

/** How often QEMU is asked for its threads: processors are seldom added, in milliseconds. */
const askEveryMs = 10_000;

/** The threads that run a guest's processors, on hosts where a thread's time can be read by its number (Linux). */
export class VcpuThreads {
  #threads: readonly number[] = [];
  #askedAt = -Infinity;

  /** @param pid QEMU's */
  constructor(
    private readonly client: QmpClient,
    private readonly pid: number,
  ) {}

  /**
   * Seconds of processor time of each virtual processor, in order; empty where they cannot be told apart: another
   * host, or one thread that translates for all of them.
   *
   * @throws Failure when QEMU is gone
   */
  async read(): Promise<number[]> {
    if (process.platform !== 'linux') return [];
    if (performance.now() - this.#askedAt > askEveryMs) await this.#ask();
    const seconds = await Promise.all(this.#threads.map((thread) => threadCpuSeconds(this.pid, thread)));
    return seconds.every((value) => value !== undefined) ? seconds : [];
  }

  async #ask(): Promise<void> {
    const processors = await this.client.execute('query-cpus-fast', {});
    const threads = [...processors]
      .sort((a, b) => a['cpu-index'] - b['cpu-index'])
      .map((processor) => processor['thread-id']);
    this.#threads = new Set(threads).size === threads.length ? threads : [];
    this.#askedAt = performance.now();
  }
}
