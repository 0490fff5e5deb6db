import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endSignal, withOurEnd } from '../../../../platform/program';
import type { QemuEnd } from './causes';

/** Lines that are kept for telling why QEMU ended. */
const keptLines = 50;
const longestLine = 1000;
/** How long a QEMU may take to end after each way of asking, in milliseconds. */
const endMs = 3000;

/** One QEMU under this process, or a helper of it. */
export class QemuProcess {
  /** Resolves when it has ended, however. */
  readonly ended: Promise<QemuEnd>;
  /** Aborted when it has ended. */
  readonly gone: AbortSignal;
  readonly #lines: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    name: string,
    log: (line: string) => void,
  ) {
    const gone = new AbortController();
    this.gone = gone.signal;
    const note = (line: string): void => {
      this.#lines.push(line.slice(0, longestLine));
      if (this.#lines.length > keptLines) this.#lines.shift();
      log(`${name}: ${line}`);
    };
    for (const output of [child.stdout, child.stderr]) {
      if (output) createInterface({ input: output }).on('line', note);
    }
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        gone.abort();
        resolve({ code, signal, lines: this.#lines });
      };
      child.once('error', (error) => {
        note(error.message);
        // A failed kill is told here too; only a process that never began has no number.
        if (child.pid === undefined) end(null, null);
      });
      child.once('close', end);
    });
  }

  /**
   * @param folder its working folder
   * @param log gets what it prints, line by line
   * @param name of the program in the log; QEMU's helpers are kept like QEMU itself
   */
  static async start(
    binary: string,
    args: readonly string[],
    folder: string,
    log: (line: string) => void,
    name = 'QEMU',
  ): Promise<QemuProcess> {
    const [program = binary, ...all] = [...(await withOurEnd()), binary, ...args];
    const child = spawn(program, all, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // Ctrl+C in a terminal goes to every process of its group; what becomes of the machine is main's decision.
      detached: process.platform !== 'win32',
    });
    return new QemuProcess(child, name, log);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it ends within `limitMs`. */
  async endsWithin(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const result = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return result;
  }

  /** Ends it without its control connection: politely, then by force. It is gone when this resolves. */
  async end(): Promise<void> {
    this.child.kill(endSignal);
    if (await this.endsWithin(endMs)) return;
    this.kill();
    await this.ended;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
