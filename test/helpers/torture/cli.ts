import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tortureMain } from './build';
import { noProgress, torture, type TortureProgress } from './torture';

const usage = `npm run torture -- [options]
  --kills N       how often a program is killed in all (10000)
  --programs N    how many are tortured at a time (one for each processor)
  --seed N        draws other steps (a random one)
  --folder PATH   where they work; a folder that has been begun is gone on with (a temporary one)`;

/** Kills between two lines of progress. */
const tellEvery = 100;

/** `npm run torture`. @returns the exit status: 0 only when every kill was survived */
export async function runTorture(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const options = {
    kills: text,
    programs: text,
    seed: text,
    folder: text,
    help: { type: 'boolean' },
  } as const;
  let values: { kills?: string; programs?: string; seed?: string; folder?: string; help?: boolean };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    console.error(`${String(error)}\n\n${usage}`);
    return 2;
  }
  const kills = Number(values.kills ?? 10_000);
  const programs = Number(values.programs ?? availableParallelism());
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const isPossible = [kills, programs, seed].every(Number.isSafeInteger) && kills > 0 && programs > 0;
  if (values.help || !isPossible) {
    console.error(usage);
    return values.help ? 0 : 2;
  }
  const folder = values.folder ? resolve(values.folder) : await mkdtemp(join(tmpdir(), 'vivarium-torture-'));
  await mkdir(folder, { recursive: true });
  return carryOut(folder, kills, programs, seed);
}

async function carryOut(folder: string, kills: number, programs: number, seed: number): Promise<number> {
  const lanes = await Promise.all(
    Array.from({ length: programs }, (_, index) => openLane(folder, index, seed)),
  );
  const before = sumOf(lanes.map(({ progress }) => progress));
  console.log(`Seeds from ${lanes[0]?.progress.seed} on, in ${folder}, after ${before.kills} kills`);
  const built = await tortureMain();
  const started = performance.now();
  const end = new AbortController();
  let told = before.kills;
  const tell = (): void => {
    const { kills: done } = sumOf(lanes.map(({ progress }) => progress));
    if (done - told < tellEvery) return;
    told = done;
    const hours = (performance.now() - started) / 3_600_000;
    const anHour = (done - before.kills) / hours;
    const left = Math.round(((kills - done) / anHour) * 60);
    console.log(`${done} of ${kills} survived, ${Math.round(anHour)} an hour, about ${left} min to go`);
  };
  const run = async (lane: Lane, index: number): Promise<void> => {
    // What cannot be divided is done by the first ones.
    const share = Math.floor(kills / programs) + (index < kills % programs ? 1 : 0);
    try {
      await torture({
        mainFolder: built.folder,
        folder: lane.folder,
        kills: share,
        from: lane.progress,
        signal: end.signal,
        onKill: async (progress) => {
          lane.progress = progress;
          await lane.note();
          tell();
        },
      });
    } catch (error) {
      end.abort();
      console.error(error instanceof Error ? error.message : String(error));
      console.error(`\nNOT SURVIVED: kill ${lane.progress.kills + 1}, seed ${lane.progress.seed}.`);
      console.error(`What the killed program left is in ${join(lane.folder, 'killed')}.`);
      throw error;
    }
  };
  const ends = await Promise.allSettled(lanes.map(run));
  await built.remove();
  if (ends.some(({ status }) => status === 'rejected')) return 1;
  report(sumOf(lanes.map(({ progress }) => progress)));
  await rm(folder, { recursive: true, force: true });
  return 0;
}

/** One tortured program after the other, and what came of them. */
interface Lane {
  folder: string;
  progress: TortureProgress;
  /** Writes the progress down. */
  note(): Promise<void>;
}

async function openLane(parent: string, index: number, seed: number): Promise<Lane> {
  const folder = join(parent, `${index}`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'torture.json');
  // Far apart, because the steps of each kill are drawn from the seed and the kill's number.
  const fresh = noProgress((seed + index * 104_729_000) % 2 ** 32);
  const progress = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as TortureProgress,
    () => fresh,
  );
  const lane: Lane = {
    folder,
    progress,
    async note() {
      await writeFile(`${file}.new`, JSON.stringify(lane.progress));
      await rename(`${file}.new`, file);
    },
  };
  return lane;
}

function sumOf(all: readonly TortureProgress[]): TortureProgress {
  const sum = noProgress(all[0]?.seed ?? 0);
  for (const { kills, outcomes, betweenSteps, recoveries } of all) {
    sum.kills += kills;
    sum.betweenSteps += betweenSteps;
    sum.recoveries += recoveries;
    for (const [step, { before, after }] of Object.entries(outcomes)) {
      const known = (sum.outcomes[step] ??= { before: 0, after: 0 });
      known.before += before;
      known.after += after;
    }
  }
  return sum;
}

function report({ kills, betweenSteps, recoveries, outcomes }: TortureProgress): void {
  console.log(
    `Survived ${kills} kills: ${betweenSteps} between two steps, ${recoveries} while it recovered,`,
  );
  for (const [step, { before, after }] of Object.entries(outcomes)) {
    console.log(`  while ${step}: ${before} times as before it, ${after} times as after it`);
  }
}
