import { type ChildProcess, fork } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resourcesFolder } from '../core';
import type { TortureAnswer, TortureState, TortureStep } from './steps';

/** Processes that were killed are gone after so long, in milliseconds; a host that swaps takes a while. */
const longestDeathMs = 60_000;

/** The tortured program, a process of its own, from outside. */
export class TorturedProgram {
  /** Processes of the machine, which outlive the program for a moment. */
  private readonly machines = new Set<number>();
  private answer: (answer: TortureAnswer | undefined) => void = () => {};
  private errors = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly dataFolder: string,
  ) {
    child.on('message', (message) => {
      const answer = message as TortureAnswer;
      if ('did' in answer && answer.machine !== null) this.machines.add(answer.machine);
      this.answer(answer);
    });
    child.stderr?.on('data', (data) => (this.errors += String(data)));
    child.once('exit', () => this.answer(undefined));
  }

  /**
   * Starts it, which carries out or undoes what the last one has left.
   *
   * @param mainFolder the processes' entries, with `torture.js`
   * @throws Error when it ends before it has begun
   */
  static async begin(
    mainFolder: string,
    dataFolder: string,
  ): Promise<{ program: TorturedProgram; begun: TortureState; complaints: string[] }> {
    const program = TorturedProgram.start(mainFolder, dataFolder);
    const answer = await program.next();
    if (!answer || !('begun' in answer)) throw new Error(`It does not begin: ${program.errors}`);
    return { program, ...answer };
  }

  /** Starts it and kills it after a while, most likely while it puts right what the last one has left. */
  static async beginAndDie(mainFolder: string, dataFolder: string, afterMs: number): Promise<void> {
    const program = TorturedProgram.start(mainFolder, dataFolder);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await program.kill();
  }

  private static start(mainFolder: string, dataFolder: string): TorturedProgram {
    const child = fork(join(mainFolder, 'torture.js'), [mainFolder, resourcesFolder, dataFolder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    return new TorturedProgram(child, dataFolder);
  }

  /** What came of it; undefined when the program was killed before it said so. */
  async step(step: TortureStep): Promise<Extract<TortureAnswer, { did: string }> | undefined> {
    const answer = this.next();
    this.child.send(step, () => {
      // One that cannot be told any more is about to be found dead.
    });
    const said = await answer;
    return said && 'did' in said ? said : undefined;
  }

  /** Resolves when it and its machines are gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await new Promise((resolve) => this.child.once('exit', resolve));
    }
    await gone(() => Promise.resolve([...this.machines].some(isAlive)));
    // One that had just been started, or told to end, is found by its lock.
    await gone(async () => {
      const pid = await lockOwner(this.dataFolder);
      return pid !== null && isAlive(pid);
    });
  }

  private next(): Promise<TortureAnswer | undefined> {
    return new Promise((resolve) => (this.answer = resolve));
  }
}

async function gone(isThere: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longestDeathMs;
  while (await isThere()) {
    if (Date.now() > deadline) throw new Error('A process of the machine outlives its program.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function lockOwner(dataFolder: string): Promise<number | null> {
  const machines = join(dataFolder, 'machines');
  const [name = ''] = await readdir(machines).catch(() => []);
  const text = await readFile(join(machines, name, 'lock'), 'utf8').catch(() => '');
  const pid = /"pid":(\d+)/.exec(text)?.[1];
  return pid === undefined ? null : Number(pid);
}
