import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Death } from './deadly';
import { TorturedProgram } from './program';
import { drawStep, stateAfter, textOf, type TortureState, type TortureStep } from './steps';

/**
 * A program is killed, again and again, while it changes snapshots and the disk of a machine that runs, and now and
 * then while it recovers from that: at random moments, and at any one change of the host's disk. Whenever it comes
 * back there must be what was before the last step, or what was to be after it.
 */

/** Steps until the kill, at most; it comes in the last of them. */
const mostSteps = 2;
/** One of so many recoveries is killed, too: those that follow are what a person relies on most. */
const recoveriesKilled = 2;
/** One of so many kills strikes the program alone, and its helpers find out; the others strike all at once. */
const killsAlone = 3;
/** How long a kind of step takes before any was measured, in milliseconds, and how many changes it makes. */
const firstGuess: Usual = { ms: 100, changes: 20 };

/** How far it is; from here it can go on in another process. */
export interface TortureProgress {
  seed: number;
  /** Kills that were survived, those of recoveries among them. */
  kills: number;
  /** By kind of step: how often the kill came in the middle of it, and what was there afterwards. */
  outcomes: Record<string, { before: number; after: number }>;
  /** How often the program had answered before it was killed. */
  betweenSteps: number;
  /** Recoveries that were killed as well. */
  recoveries: number;
}

export const noProgress = (seed: number): TortureProgress => ({
  seed,
  kills: 0,
  outcomes: {},
  betweenSteps: 0,
  recoveries: 0,
});

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
  /** Ends it between two kills. */
  signal?: AbortSignal;
}

/** What something takes of late: kills are spread over the whole of it on any computer. */
interface Usual {
  ms: number;
  changes: number;
}

/** @throws TortureFailure at the first kill that was not survived; the folder is left as it then is */
export async function torture(options: TortureOptions): Promise<TortureProgress> {
  const { mainFolder, folder, kills, from, onKill, signal } = options;
  const dataFolder = join(folder, 'data');
  const killed = join(folder, 'killed');
  await mkdir(dataFolder, { recursive: true });
  const usual = new Map<string, Usual>();
  let { program, begun, complaints, changes } = await TorturedProgram.begin(mainFolder, dataFolder);
  try {
    demand(complaints.length === 0, `before the first kill: ${complaints.join('; ')}`);
    let progress = from;
    while (progress.kills < kills && !signal?.aborted) {
      const random = pseudoRandom(progress.seed + progress.kills * 7919);
      const round = await oneRound(program, progress, begun, random, usual);
      await program.kill(round.alone);
      await keepCopy(dataFolder, killed);
      if (random(recoveriesKilled) === 0) {
        const death = drawDeath(random, usual.get('begin') ?? firstGuess);
        await TorturedProgram.beginAndDie(mainFolder, dataFolder, death);
        progress = { ...progress, kills: progress.kills + 1, recoveries: progress.recoveries + 1 };
      }
      const started = performance.now();
      ({ program, begun, complaints, changes } = await TorturedProgram.begin(mainFolder, dataFolder));
      learn(usual, 'begin', performance.now() - started, changes);
      progress = judge(progress, round, begun, complaints);
      await onKill?.(progress);
    }
    return progress;
  } finally {
    await program.kill(false);
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
  /** The program is killed alone. */
  alone: boolean;
}

/** By the clock (milliseconds), or at a change of the host's disk. */
function drawDeath(random: (below: number) => number, usual: Usual): Death | number {
  if (random(2) === 0) return (usual.ms * random(1000)) / 1000;
  return {
    at: 1 + random(Math.ceil(usual.changes)),
    moment: (['before', 'torn', 'after'] as const)[random(3)] ?? 'after',
    alone: random(killsAlone) === 0,
  };
}

function learn(usual: Map<string, Usual>, what: string, ms: number, changes: number): void {
  const before = usual.get(what);
  usual.set(
    what,
    before
      ? { ms: before.ms * 0.8 + ms * 0.2, changes: before.changes * 0.8 + changes * 0.2 }
      : { ms, changes },
  );
}

async function oneRound(
  program: TorturedProgram,
  { kills }: TortureProgress,
  begun: TortureState,
  random: (below: number) => number,
  usual: Map<string, Usual>,
): Promise<Round> {
  let state = begun;
  const steps = 1 + random(mostSteps);
  const alone = random(killsAlone) === 0;
  for (let index = 0; index < steps; index++) {
    const step = drawStep(state, random, `word${kills * mostSteps + index}`);
    const death = index === steps - 1 ? drawDeath(random, usual.get(step.do) ?? firstGuess) : null;
    const isTimed = typeof death === 'number';
    const killer = isTimed ? setTimeout(() => void program.kill(alone), death) : undefined;
    const started = performance.now();
    const answer = await program.step(step, isTimed ? null : death);
    clearTimeout(killer);
    if (!answer) return { state, last: step, alone: isTimed || death === null ? alone : death.alone };
    demand(answer.error === null, `${JSON.stringify(step)}: ${answer.error}`);
    learn(usual, step.do, performance.now() - started, answer.changes);
    state = stateAfter(state, step, answer.snapshot ?? '');
  }
  return { state, last: undefined, alone };
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
