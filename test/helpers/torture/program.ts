import { type ChildProcess, fork } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resourcesFolder } from '../core';
import { type Death, deathVariable } from './deadly';
import type { TortureAnswer, TortureState, TortureStep } from './steps';

/** Processes that were killed are gone after so long, in milliseconds; a host that swaps takes a while. */
const longestDeathMs = 60_000;
/** What takes longer has come to a standstill, on whatever computer, in milliseconds. */
const longestStepMs = 180_000;

/** How a program begins. */
export interface Beginning {
  program: TorturedProgram;
  begun: TortureState;
  complaints: string[];
  /** Changes of the host's disk that putting right what there was has taken. */
  changes: number;
}

/** The tortured program, a process of its own, from outside. */
export class TorturedProgram {
  /** Processes of the machine, which outlive the program for a moment. */
  private readonly machines = new Set<number>();
  private answer: (answer: TortureAnswer | undefined) => void = () => {};
  private errors = '';
  private isGone = false;

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
    child.once('exit', () => {
      this.isGone = true;
      this.answer(undefined);
    });
  }

  /**
   * Starts it, which carries out or undoes what the last one has left.
   *
   * @param mainFolder the processes' entries, with `torture.js`
   * @throws Error when it ends before it has begun, or stands still
   */
  static async begin(mainFolder: string, dataFolder: string): Promise<Beginning> {
    const program = TorturedProgram.start(mainFolder, dataFolder);
    const answer = await program.next('to begin');
    if (!answer || !('begun' in answer)) throw new Error(`It does not begin: ${program.errors}`);
    return { program, ...answer };
  }

  /** Starts it to die while it puts right what the last one has left: at a change of the disk, or after a while. */
  static async beginAndDie(mainFolder: string, dataFolder: string, death: Death | number): Promise<void> {
    const isTimed = typeof death === 'number';
    const program = TorturedProgram.start(mainFolder, dataFolder, isTimed ? undefined : death);
    // With less to put right than was thought it lives to say that it has begun.
    const begun = program.next('to begin or to die');
    await (isTimed ? Promise.race([begun, new Promise((resolve) => setTimeout(resolve, death))]) : begun);
    await program.kill(true);
  }

  private static start(mainFolder: string, dataFolder: string, death?: Death): TorturedProgram {
    const child = fork(join(mainFolder, 'torture.js'), [mainFolder, resourcesFolder, dataFolder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, [deathVariable]: death ? JSON.stringify(death) : '' },
      // A group of its own, with all that it starts.
      detached: true,
    });
    return new TorturedProgram(child, dataFolder);
  }

  /** What came of it; undefined when the program died before it said so. @throws Error when it stands still */
  async step(
    step: TortureStep,
    death: Death | null,
  ): Promise<Extract<TortureAnswer, { did: string }> | undefined> {
    const answer = this.next(JSON.stringify({ step, death }));
    this.child.send({ step, death }, () => {
      // One that cannot be told any more is about to be found dead.
    });
    const said = await answer;
    return said && 'did' in said ? said : undefined;
  }

  /** Resolves when it and its machines are gone. @param alone its helpers are left to find out */
  async kill(alone: boolean): Promise<void> {
    if (alone) this.child.kill('SIGKILL');
    else this.killGroup();
    if (!this.isGone) await new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.signalCode !== 'SIGKILL') {
      throw new Error(
        `It ended by itself, with ${this.child.exitCode ?? this.child.signalCode}: ${this.errors}`,
      );
    }
    await gone(() => Promise.resolve([...this.machines].some(isAlive)));
    // One that had just been started, or told to end, is found by its lock.
    await gone(async () => {
      const pid = await lockOwner(this.dataFolder);
      return pid !== null && isAlive(pid);
    });
  }

  private killGroup(): void {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESRCH') throw error;
    }
  }

  /** Its next answer, or undefined once it is dead. @param what is waited for, @throws Error when it stands still */
  private async next(what: string): Promise<TortureAnswer | undefined> {
    if (this.isGone) return undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.answer = resolve;
        const fail = (): void => reject(new Error(`It stands still: ${what}. ${this.errors}`));
        timer = setTimeout(fail, longestStepMs);
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function gone(isThere: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longestDeathMs;
  while (await isThere()) {
    if (Date.now() > deadline) throw new Error('A process of the machine outlives its program.');
    await new Promise((resolve) => setTimeout(resolve, 2));
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
