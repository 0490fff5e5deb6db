import type { ByteStream } from '@shared/ipc/byte-stream';
import { encodeStatistics, type MachineStatistics, seriesOf } from '@shared/machine/statistics';
import { StatisticsHistory } from '@shared/machine/statistics-history';

/** Between two samples, in milliseconds. */
const sampleMs = 1000;
/** A window that has so many bytes to take still gets no more for now. */
const unsentLimit = 1024 * 1024;

/** Measures a machine once a second, remembers what it measured, and tells whoever looks. */
export class StatisticsRecorder {
  readonly #history = new StatisticsHistory();
  readonly #viewers = new Set<ByteStream>();
  readonly #timer: NodeJS.Timeout;
  #busy = false;

  /**
   * @param read averages since the previous call; `watched`: somebody looks at them
   * @param failed told of a sample that could not be had; the next one is tried all the same
   */
  constructor(
    private readonly read: (watched: boolean) => MachineStatistics | Promise<MachineStatistics>,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => void this.#sample(), sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Sends each sample to one more viewer until its stream closes. @param withHistory what was before, first */
  connect(stream: ByteStream, withHistory: boolean): void {
    this.#viewers.add(stream);
    stream.onClose(() => this.#viewers.delete(stream));
    stream.onData(() => {}); // it has nothing to say
    if (!withHistory) return;
    const { fine, coarse } = this.#history;
    stream.send(encodeStatistics({ kind: 'history', fine, coarse }));
  }

  async #sample(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const statistics = await this.read(this.#viewers.size > 0);
      const time = Date.now();
      this.#history.push(time, seriesOf(statistics));
      if (this.#viewers.size === 0) return;
      const message = encodeStatistics({ kind: 'sample', time, statistics });
      for (const viewer of this.#viewers) if (viewer.unsent < unsentLimit) viewer.send(message);
    } catch (error) {
      this.failed(error);
    } finally {
      this.#busy = false;
    }
  }
}
