import { type ChildProcess, fork } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { branchOf, withoutItems } from '@shared/snapshot/tree';
import { buildMain, type BuiltMain, resourcesFolder, temporaryFolder } from '../helpers/core';
import type { TortureAnswer, TortureState, TortureStep } from '../helpers/torture-main';

/**
 * The program is killed at random moments, again and again, while it takes, restores and deletes snapshots of a
 * machine that runs. Whenever it comes back there is what was before the last step, or what was to be after it.
 * `VIVARIUM_TORTURE=N` kills N times; `VIVARIUM_SEED` draws other steps.
 */

const kills = Number(process.env['VIVARIUM_TORTURE'] ?? 12);
/** A step is left alone for so long at most before the program is killed, in milliseconds. */
const longestStepMs = 100;
const stepsBetween = 4;
const killLimitMs = 20_000;

let built: BuiltMain;
let dataFolder: string;
let program: Program | undefined;

beforeAll(async () => {
  built = await buildMain({
    'machine-process': 'src/main/processes/machine/main.ts',
    'worker-process': 'src/main/processes/worker/main.ts',
    'switch-process': 'src/main/processes/switch/main.ts',
    torture: 'test/helpers/torture-main.ts',
  });
  dataFolder = await temporaryFolder();
});
afterAll(async () => {
  await program?.kill();
  await built?.remove();
  if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
});

class Program {
  /** Processes of the machine, which outlive the program for a moment. */
  readonly #machines = new Set<number>();
  #answer: (answer: TortureAnswer | undefined) => void = () => {};
  #errors = '';

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      const answer = message as TortureAnswer;
      if ('did' in answer && answer.machine !== null) this.#machines.add(answer.machine);
      this.#answer(answer);
    });
    child.stderr?.on('data', (data) => (this.#errors += String(data)));
    child.once('exit', () => this.#answer(undefined));
  }

  static async begin(): Promise<{ program: Program; begun: TortureState; complaints: string[] }> {
    const args = [built.folder, resourcesFolder, dataFolder];
    const child = fork(join(built.folder, 'torture.js'), args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const started = new Program(child);
    program = started;
    const answer = await started.#next();
    if (!answer || !('begun' in answer)) throw new Error(`It does not begin: ${started.#errors}`);
    return { program: started, ...answer };
  }

  /** What came of it; undefined when the program was killed before it said so. */
  async step(step: TortureStep): Promise<Extract<TortureAnswer, { did: string }> | undefined> {
    const answer = this.#next();
    this.child.send(step);
    const said = await answer;
    return said && 'did' in said ? said : undefined;
  }

  /** Resolves when it and its machines are gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await new Promise((resolve) => this.child.once('exit', resolve));
    }
    await expect.poll(() => [...this.#machines].filter(isAlive), { timeout: 15_000 }).toEqual([]);
    // One that had just been started, or told to end, is found by its lock.
    await expect
      .poll(() => lockOwner().then((pid) => pid !== null && isAlive(pid)), { timeout: 15_000 })
      .toBe(false);
    program = undefined;
  }

  #next(): Promise<TortureAnswer | undefined> {
    return new Promise((resolve) => (this.#answer = resolve));
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

async function lockOwner(): Promise<number | null> {
  const machines = join(dataFolder, 'machines');
  const [name = ''] = await readdir(machines).catch(() => []);
  const text = await readFile(join(machines, name, 'lock'), 'utf8').catch(() => '');
  const pid = /"pid":(\d+)/.exec(text)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** The step as it can be made of a random number, in a state. */
function stepFrom(state: TortureState, kind: number, pick: number, word: string): TortureStep {
  const ids = Object.keys(state.snapshots).sort();
  const chosen = ids[pick % Math.max(1, ids.length)];
  if (kind < 3) return { do: 'write', word };
  if (kind < 6 || chosen === undefined) return { do: 'take', memory: pick % 2 === 0 };
  if (kind < 8) return { do: 'restore', snapshot: chosen };
  if (kind < 9) return { do: 'powerOff' };
  const items = ids.map((id) => ({ id, parent: state.snapshots[id]?.parent ?? null }));
  const doomed = pick % 3 === 0 ? branchOf(items, chosen).map(({ id }) => id) : [chosen];
  return { do: 'delete', snapshots: doomed };
}

/** The state after a step. @param taken the id of a snapshot that the step takes */
function after(state: TortureState, step: TortureStep, taken: string): TortureState {
  switch (step.do) {
    case 'write':
      return { ...state, present: step.word };
    case 'powerOff':
      return state;
    case 'take':
      return {
        ...state,
        current: taken,
        snapshots: { ...state.snapshots, [taken]: { parent: state.current, word: state.present } },
      };
    case 'restore':
      return { ...state, current: step.snapshot, present: state.snapshots[step.snapshot]?.word ?? '' };
    case 'delete': {
      const gone = new Set(step.snapshots);
      const items = Object.entries(state.snapshots).map(([id, { parent }]) => ({ id, parent }));
      const left = withoutItems([...items, { id: 'here', parent: state.current }], gone);
      const snapshots: TortureState['snapshots'] = {};
      for (const { id, parent } of left) {
        if (id !== 'here') snapshots[id] = { parent, word: state.snapshots[id]?.word ?? '' };
      }
      return { ...state, snapshots, current: left.find(({ id }) => id === 'here')?.parent ?? null };
    }
  }
}

const inOrder = ({ snapshots, ...state }: TortureState): TortureState => ({
  ...state,
  snapshots: Object.fromEntries(Object.entries(snapshots).sort(([a], [b]) => (a < b ? -1 : 1))),
});

describe('a program that is killed again and again', () => {
  it(
    `is what it was before the last step, or after it, ${kills} times`,
    async () => {
      const first = await Program.begin();
      expect(first.complaints).toEqual([]);
      let { program: running, begun: state } = first;
      const draws = fc.sample(
        fc.record({ kind: fc.nat(9), pick: fc.nat(1000), patience: fc.nat(longestStepMs) }),
        kills * stepsBetween,
      );
      const outcomes = { before: 0, after: 0, completed: 0 };
      for (let kill = 0; kill < kills; kill++) {
        let last: TortureStep | undefined;
        for (let index = 0; index < stepsBetween; index++) {
          const number = kill * stepsBetween + index;
          const { kind = 0, pick = 0, patience = 0 } = draws[number] ?? {};
          const step = stepFrom(state, kind, pick, `word${number}`);
          const dies = index === stepsBetween - 1;
          const killer = dies ? setTimeout(() => void running.kill(), patience) : undefined;
          const answer = await running.step(step);
          if (!answer) {
            last = step;
            break;
          }
          // It may be killed after its answer, too.
          if (killer) clearTimeout(killer);
          expect(answer.error, JSON.stringify(step)).toBeNull();
          state = after(state, step, answer.snapshot ?? '');
        }
        await running.kill();
        const again = await Program.begin();
        running = again.program;
        const what = `kill ${kill}, while ${JSON.stringify(last ?? 'nothing')} was done`;
        expect(again.complaints, what).toEqual([]);
        const found = inOrder(again.begun);
        if (last) {
          const taken = Object.keys(found.snapshots).find((id) => state.snapshots[id] === undefined) ?? '';
          const [old, next] = [inOrder(state), inOrder(after(state, last, taken))];
          expect([JSON.stringify(old), JSON.stringify(next)], what).toContain(JSON.stringify(found));
          outcomes[JSON.stringify(found) === JSON.stringify(old) ? 'before' : 'after']++;
        } else {
          expect(found, what).toEqual(inOrder(state));
          outcomes.completed++;
        }
        state = again.begun;
      }
      await running.kill();
      console.info(`Killed ${kills} times: ${JSON.stringify(outcomes)}`);
    },
    60_000 + kills * killLimitMs,
  );
});
