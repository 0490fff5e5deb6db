import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { EngineEvents } from '../../engine';
import { SerialLine } from './serial-line';

/** A change that comes this soon after something was typed is taken for its effect, in milliseconds. */
const effectMs = 5000;
/** States of QEMU after `stop`, and after a migration that was begun here. */
const stoppedHere: ReadonlySet<string> = new Set(['paused', 'finish-migrate', 'postmigrate']);
/** Until QEMU has settled in what it was told, in milliseconds. */
const settleMs = 100;

/**
 * QEMU's own monitor as a terminal for experts, connected when somebody looks at it for the first time. What is typed
 * there goes past this program, so that it looks what became of the machine: `stop`, `cont` and `quit` are told like
 * everything else that happens to one. Other commands can break a machine without being noticed.
 */
export class ExpertMonitor {
  #line: Promise<SerialLine> | undefined;
  #closed = false;
  #typed = -Infinity;
  #running = true;
  #quit = false;

  constructor(
    private readonly client: QmpClient,
    private readonly path: string | null,
    private readonly events: Pick<EngineEvents, 'pausedByProblem' | 'resumed'>,
  ) {
    client.on('STOP', () => this.#changed());
    client.on('RESUME', () => this.#changed());
    client.on('SHUTDOWN', ({ reason }) => {
      // The reason for both kinds of monitor; ours is only used when the machine is ended.
      if (reason === 'host-qmp-quit' && this.#wasUsed()) this.#quit = true;
    });
  }

  connect(stream: ByteStream): void {
    this.#line ??= this.#open();
    this.#line.then(
      ({ hub }) => hub.connect(stream),
      () => stream.close(), // QEMU is going, or a command of the monitor has taken it away
    );
  }

  /** What the program has the machine do: run, or stand still. */
  expects(running: boolean): void {
    this.#running = running;
  }

  /**
   * Why QEMU ended, if it was told to here.
   * @param status its exit status; its last event may have been lost with it
   */
  reason(status: number | null): Failure | undefined {
    if (!this.#quit && !(status === 0 && this.#wasUsed())) return undefined;
    return new Failure('engine.failed', phrase('consoleUse.monitorQuit'), {
      hint: phrase('consoleUse.monitorQuitHint'),
    });
  }

  close(): void {
    this.#closed = true;
    void this.#line?.then(
      (line) => line.close(),
      () => undefined, // it was never there
    );
  }

  async #open(): Promise<SerialLine> {
    try {
      if (this.path === null) {
        throw new Failure('engine.unsupported', phrase('qemuTalk.noMonitor'));
      }
      const line = await SerialLine.connect(this.path, () => (this.#typed = performance.now()));
      if (this.#closed) line.close();
      void line.ended.then(() => (this.#line = undefined));
      return line;
    } catch (error) {
      this.#line = undefined;
      throw error;
    }
  }

  #wasUsed(): boolean {
    return performance.now() - this.#typed < effectMs;
  }

  #changed(): void {
    if (!this.#wasUsed()) return;
    setTimeout(() => {
      this.#look().catch(() => undefined); // QEMU has ended, which is told elsewhere
    }, settleMs);
  }

  async #look(): Promise<void> {
    const { running, status } = await this.client.execute('query-status', {});
    if (this.#closed || running === this.#running) return;
    if (running) {
      this.#running = true;
      this.events.resumed();
    } else if (stoppedHere.has(status)) {
      this.#running = false;
      this.events.pausedByProblem(
        new Failure('engine.failed', phrase('consoleUse.monitorStop'), {
          hint: phrase('consoleUse.monitorStopHint'),
        }).toValue(),
      );
    }
  }
}
