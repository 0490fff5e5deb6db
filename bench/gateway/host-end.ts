import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** The host's end gives a silent connection up after ten seconds; this is longer. */
const lineMs = 30_000;

/** What the host's end says of one connection. */
export interface Transfer {
  /** Megabits a second, without the first moments. */
  rate: number;
  /** The longest time in which nothing moved, in milliseconds. */
  longestGapMs: number;
  /** All that was carried, in bytes. */
  bytes: number;
}

/** The host's end of what is measured: `peers/tcp.c`, outside this process, whose own work must not count. */
export class HostEnd {
  readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly waiting: ((line: string) => void)[] = [];
  private readonly come: string[] = [];

  constructor(program: string) {
    this.child = spawn(program, ['host'], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout! });
    this.lines.on('line', (line) => {
      const next = this.waiting.shift();
      if (next) next(line);
      else this.come.push(line);
    });
  }

  /** @returns the port of the loopback that it listens on */
  async port(): Promise<number> {
    return Number(await this.line());
  }

  /** What became of the connection that has ended first of those that were not asked for yet. */
  async transfer(): Promise<Transfer> {
    const [bytes = 0, us = 0, gap = 0, all = 0] = (await this.line()).split(' ').map(Number);
    return { rate: us > 0 ? (bytes * 8) / us : 0, longestGapMs: gap / 1000, bytes: all };
  }

  stop(): void {
    this.lines.close();
    this.child.kill('SIGKILL');
  }

  /** @throws when nothing comes: the guest's end never got through */
  private line(): Promise<string> {
    const line = this.come.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      const take = (next: string): void => {
        clearTimeout(late);
        resolve(next);
      };
      const late = setTimeout(() => {
        // The next line is for whoever asks next.
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(new Error('The host saw no connection end'));
      }, lineMs);
      this.waiting.push(take);
    });
  }
}
