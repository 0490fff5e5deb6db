import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TorturedProgram } from './program';
import { drawStep, stateAfter, textOf, type TortureState, type TortureStep } from './steps';

/**
 * A program is killed at random moments, again and again, while it changes snapshots and the disk of a machine that
 * runs, and now and then while it recovers from that. Whenever it comes back there must be what was before the last
 * step, or what was to be after it.
 */

const stepsBetween = 4;
/** One of so many recoveries is killed, too. */
const recoveriesKilled = 4;
/** How long a kind of step takes before any was measured, in milliseconds. */
const firstGuessMs = 100;

/** How far it is; from here it can go on in another process. */
export interface TortureProgress {
  seed: number;
  /** Kills that were survived. */
  kills: number;
  /** By kind of step: how often the kill came in the middle of it, and what was there afterwards. */
  outcomes: Record<string, { before: number; after: number }>;
  /** How often the program had answered before it was killed. */
  betweenSteps: number;
}

/** What was found is neither the old state nor the new one, or not whole. */
export class TortureFailure extends Error {}

export interface TortureOptions {
  /** The processes' entries, with `torture.js`. */
  mainFolder: string;
  /** Where `data` is, and after each kill `killed`: what the program left, before another one has seen it. */
  folder: string;
  /** Kills in all. */
  kills: number;
  from: TortureProgress;
  /** Told after each kill. */
  onKill?: (progress: TortureProgress) => Promise<void> | void;
}

/** @throws TortureFailure at the first kill that was not survived; the folder is left as it then is */
export async function torture(options: TortureOptions): Promise<TortureProgress> {
  const { mainFolder, folder, kills, from, onKill } = options;
  const dataFolder = join(folder, 'data');
  const killed = join(folder, 'killed');
  await mkdir(dataFolder, { recursive: true });
  let beginMs = firstGuessMs;
  let { program, begun, complaints } = await TorturedProgram.begin(mainFolder, dataFolder);
  try {
    demand(complaints.length === 0, `before the first kill: ${complaints.join('; ')}`);
    let progress = from;
    while (progress.kills < kills) {
      const round = await oneRound(program, progress, begun);
      await program.kill();
      await keepCopy(dataFolder, killed);
      const random = pseudoRandom(progress.seed - progress.kills);
      if (random(recoveriesKilled) === 0) {
        await TorturedProgram.beginAndDie(mainFolder, dataFolder, random(Math.round(beginMs * 1.2)));
      }
      const started = performance.now();
      ({ program, begun, complaints } = await TorturedProgram.begin(mainFolder, dataFolder));
      beginMs = beginMs * 0.8 + (performance.now() - started) * 0.2;
      progress = judge(progress, round, begun, complaints);
      await onKill?.(progress);
    }
    return progress;
  } finally {
    await program.kill();
  }
}

/** A worker may outlive the program for a moment, and take the file away that it has not finished. */
async function keepCopy(from: string, to: string, attempts = 20): Promise<void> {
  await rm(to, { recursive: true, force: true });
  try {
    await cp(from, to, { recursive: true, preserveTimestamps: true });
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT' || attempts === 0) throw error;
    await keepCopy(from, to, attempts - 1);
  }
}

/** What was done until the kill. */
interface Round {
  /** Before the last step. */
  state: TortureState;
  /** The step that was never answered, if there is one. */
  last: TortureStep | undefined;
}

/** By kind of step, how long one takes of late: kills are spread over the whole of it on any computer. */
const usualMs = new Map<string, number>();

async function oneRound(
  program: TorturedProgram,
  { seed, kills }: TortureProgress,
  begun: TortureState,
): Promise<Round> {
  const random = pseudoRandom(seed + kills * 7919);
  let state = begun;
  for (let index = 0; index < stepsBetween; index++) {
    const step = drawStep(state, random, `word${kills * stepsBetween + index}`);
    const usual = usualMs.get(step.do) ?? firstGuessMs;
    const dies = index === stepsBetween - 1;
    const killer = dies ? setTimeout(() => void program.kill(), (usual * random(1200)) / 1000) : undefined;
    const started = performance.now();
    const answer = await program.step(step);
    if (killer) clearTimeout(killer);
    if (!answer) return { state, last: step };
    demand(answer.error === null, `${JSON.stringify(step)}: ${answer.error}`);
    usualMs.set(step.do, usual * 0.8 + (performance.now() - started) * 0.2);
    state = stateAfter(state, step, answer.snapshot ?? '');
  }
  return { state, last: undefined };
}

function judge(
  progress: TortureProgress,
  { state, last }: Round,
  found: TortureState,
  complaints: readonly string[],
): TortureProgress {
  const what = `kill ${progress.kills + 1}, while ${JSON.stringify(last ?? 'nothing')} was done`;
  demand(complaints.length === 0, `${what}: ${complaints.join('; ')}`);
  const next = { ...progress, kills: progress.kills + 1 };
  const differs = `${what}: before it there was ${textOf(state)}, and now there is ${textOf(found)}`;
  if (!last) {
    demand(textOf(found) === textOf(state), differs);
    return { ...next, betweenSteps: progress.betweenSteps + 1 };
  }
  const taken = Object.keys(found.snapshots).find((id) => state.snapshots[id] === undefined) ?? '';
  const isOld = textOf(found) === textOf(state);
  demand(isOld || textOf(found) === textOf(stateAfter(state, last, taken)), differs);
  const { before = 0, after = 0 } = progress.outcomes[last.do] ?? {};
  const outcome = isOld ? { before: before + 1, after } : { before, after: after + 1 };
  return { ...next, outcomes: { ...progress.outcomes, [last.do]: outcome } };
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new TortureFailure(message);
}

function pseudoRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // Mulberry32: small, and good enough to draw steps.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
