import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import { phrase, type SaidPhrase } from '@shared/phrases/phrase';
import type { StreamChannel } from '@shared/ipc/byte-stream';
import {
  machineProcessCommands,
  type MachineProcessCommands,
  machineProcessEvents,
  type MachineProcessEvents,
  type MachineStream,
} from '@shared/ipc/machine-process';
import { type ParamsInput, type Result, rpcClient, type RpcClient } from '@shared/ipc/rpc';
import type { HostedProcess, ProcessExit, StreamEndpoint } from '../platform/process-host';
import type { Log } from '../platform/log';

/** How a machine's process is watched over; all in milliseconds. */
export interface Patience {
  pingEvery: number;
  /** Without an answer for this long it counts as unresponsive. */
  unresponsiveAfter: number;
  /** After powering off has been asked for, until the process is killed. */
  powerOff: number;
  /** After a process has said that it ends, until it is killed. */
  ending: number;
}

export const usualPatience: Patience = {
  pingEvery: 2000,
  unresponsiveAfter: 15_000,
  // QEMU has 10 s to flush its disks and end, and 3 s more before it is killed.
  powerOff: 20_000,
  ending: 10_000,
};

/** What a running machine's process tells, besides its end. */
export interface RunnerListener {
  pausedByProblem(problem: ErrorValue): void;
  /** It runs again, without having been asked to. */
  resumed(): void;
  /** Told once when it stops answering (with the problem), and once when it answers again (null). */
  responsive(problem: ErrorValue | null): void;
  /** The guest let a disk or network card go that nobody waits for. */
  deviceGone(id: string): void;
  pointer(mode: 'absolute' | 'relative'): void;
  screen(size: { width: number; height: number; text: boolean }): void;
  saveProgress(done: number, total: number | null): void;
  /** How much of a disk's images has been merged; the unit is the engine's own. */
  mergeProgress?(disk: string, done: number, total: number): void;
  log(line: string): void;
  notice?(said: SaidPhrase): void;
}
/** How a machine's process ended. `problem` is null when it ended as it should. */
export interface Ending {
  problem: ErrorValue | null;
}

/** Lines of a process's output that are worth telling when it crashed. */
const toldLines = 5;

/** The process of one running machine, from its start to its end. */
export class Runner {
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ending>;
  private readonly rpc: RpcClient<MachineProcessCommands, MachineProcessEvents>;
  private failure: ErrorValue | undefined;
  private killedByUs = false;
  private over = false;

  /** @param process a machine process that has just been started */
  constructor(
    private readonly process: HostedProcess,
    private readonly listener: RunnerListener,
    private readonly patience: Patience,
    log: Log,
  ) {
    this.rpc = rpcClient(this.process, machineProcessCommands, machineProcessEvents, (reason) =>
      log.once(`machine-process ${reason.slice(0, 40)}`, `A machine's process sent ${reason}`),
    );
    this.rpc.on('pausedByProblem', ({ problem }) => listener.pausedByProblem(problem));
    this.rpc.on('resumed', () => listener.resumed());
    this.rpc.on('failed', ({ error }) => {
      this.failure = error;
    });
    this.rpc.on('deviceGone', ({ id }) => listener.deviceGone(id));
    this.rpc.on('pointer', ({ mode }) => listener.pointer(mode));
    this.rpc.on('screen', (size) => listener.screen(size));
    this.rpc.on('saveProgress', ({ done, total }) => listener.saveProgress(done, total));
    this.rpc.on('mergeProgress', ({ disk, done, total }) => listener.mergeProgress?.(disk, done, total));
    this.rpc.on('log', ({ line }) => listener.log(line));
    this.rpc.on('notice', (said) => listener.notice?.(said));
    this.ended = this.process.exited.then((exit) => {
      this.over = true;
      return { problem: this.verdict(exit) };
    });
  }

  /** It was ended by force, because that was asked for or because it did not end in time. */
  get wasKilled(): boolean {
    return this.killedByUs;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** The last lines that the process printed. */
  get tail(): readonly string[] {
    return this.process.tail;
  }

  /** @throws Failure what the process answers; `ipc.closed` when it ends before it does */
  call<N extends keyof MachineProcessCommands & string>(
    name: N,
    params: ParamsInput<MachineProcessCommands, N>,
    timeoutMs?: number,
  ): Promise<Result<MachineProcessCommands, N>> {
    return this.rpc.call(name, params, timeoutMs === undefined ? {} : { timeoutMs });
  }

  /** Asks the machine to power off, and kills its process when that takes too long. Resolves when it is gone. */
  async powerOff(): Promise<void> {
    const asked = this.rpc.call('powerOff', {}, { timeoutMs: this.patience.powerOff });
    await asked.catch((error: unknown) => {
      const { code, ...rest } = toErrorValue(error);
      // Its answer and its end race each other; the end says enough.
      if (code === 'ipc.closed') return;
      if (code === 'timeout') this.kill();
      // It ends, but not as it should: what it could not put on its disks must be told.
      else this.failure ??= { code, ...rest };
    });
    await this.endWithin(this.patience.ending);
  }

  /** Waits for the process to end by itself; kills it when it does not. */
  async endWithin(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.kill(), timeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.killedByUs = true;
    this.process.kill();
  }

  giveStream(description: MachineStream, endpoint: StreamEndpoint): void {
    this.process.giveStream(description, endpoint);
  }

  openStream(description: MachineStream): StreamChannel {
    return this.process.openStream(description);
  }

  /** Begins the heartbeat; it ends with the process. */
  watch(): void {
    const { pingEvery, unresponsiveAfter } = this.patience;
    let answered = performance.now();
    let asking = false;
    let told = false;
    const timer = setInterval(() => {
      if (asking) {
        if (told || performance.now() - answered <= unresponsiveAfter) return;
        told = true;
        this.listener.responsive(unresponsiveProblem(unresponsiveAfter));
        return;
      }
      asking = true;
      // An error is as good an answer as any; a closed connection is told by `ended`.
      void this.rpc
        .call('ping', {})
        .catch(() => undefined)
        .then(() => {
          asking = false;
          answered = performance.now();
          if (told && !this.over) this.listener.responsive(null);
          told = false;
        });
    }, pingEvery);
    void this.ended.then(() => clearInterval(timer));
  }

  private verdict({ code, signal }: ProcessExit): ErrorValue | null {
    if (this.killedByUs) return null;
    if (code === 0 && !this.failure) return null;
    const how =
      signal !== null
        ? phrase('problem.crashedSignal', { signal })
        : code !== null
          ? phrase('problem.crashedStatus', { status: code })
          : phrase('problem.crashedAtStart');
    const last = this.process.tail.slice(-toldLines).join('\n');
    const cause = this.failure ?? (last ? { code: 'engine.failed' as const, message: last } : undefined);
    return new Failure('machine.crashed', how, { hint: phrase('problem.crashedHint'), cause }).toValue();
  }
}

function unresponsiveProblem(afterMs: number): ErrorValue {
  const said = phrase('problem.unresponsive', { seconds: Math.round(afterMs / 1000) });
  return new Failure('machine.unresponsive', said, { hint: phrase('problem.unresponsiveHint') }).toValue();
}
