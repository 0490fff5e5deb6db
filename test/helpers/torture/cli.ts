import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { torture, type TortureProgress } from './torture';
import { tortureMain } from './build';

const usage = `npm run torture -- [options]
  --kills N       how often the program is killed in all (10000)
  --seed N        draws other steps (a random one)
  --folder PATH   where it works; a folder that has been begun is gone on with (a temporary one)`;

/** Kills between two lines of progress. */
const tellEvery = 25;

/** `npm run torture`. @returns the exit status: 0 only when every kill was survived */
export async function runTorture(args: readonly string[]): Promise<number> {
  let values: { kills?: string; seed?: string; folder?: string; help?: boolean };
  try {
    const text = { type: 'string' } as const;
    const options = { kills: text, seed: text, folder: text, help: { type: 'boolean' } } as const;
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    console.error(`${String(error)}\n\n${usage}`);
    return 2;
  }
  const kills = Number(values.kills ?? 10_000);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (values.help || !Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed)) {
    console.error(usage);
    return values.help ? 0 : 2;
  }
  const folder = values.folder ? resolve(values.folder) : await mkdtemp(join(tmpdir(), 'vivarium-torture-'));
  await mkdir(folder, { recursive: true });
  return carryOut(folder, kills, seed);
}

async function carryOut(folder: string, kills: number, seed: number): Promise<number> {
  const progressFile = join(folder, 'torture.json');
  const fresh: TortureProgress = { seed, kills: 0, outcomes: {}, betweenSteps: 0 };
  const from = await readFile(progressFile, 'utf8').then(
    (text) => JSON.parse(text) as TortureProgress,
    () => fresh,
  );
  console.log(
    `Seed ${from.seed}, in ${folder}${from.kills > 0 ? `, going on after ${from.kills} kills` : ''}`,
  );
  const built = await tortureMain();
  const started = performance.now();
  const tell = (progress: TortureProgress): void => {
    const seconds = (performance.now() - started) / 1000;
    const each = seconds / Math.max(1, progress.kills - from.kills);
    const left = Math.round(((kills - progress.kills) * each) / 60);
    console.log(`${progress.kills} of ${kills} survived, ${each.toFixed(2)} s each, about ${left} min to go`);
  };
  let latest = from;
  try {
    latest = await torture({
      mainFolder: built.folder,
      folder,
      kills,
      from,
      onKill: async (progress) => {
        latest = progress;
        await writeFile(`${progressFile}.new`, JSON.stringify(progress));
        await rename(`${progressFile}.new`, progressFile);
        if (progress.kills % tellEvery === 0) tell(progress);
      },
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(`\nNOT SURVIVED: kill ${latest.kills + 1}, seed ${latest.seed}.`);
    console.error(`What the killed program left is in ${join(folder, 'killed')}.`);
    return 1;
  } finally {
    await built.remove();
  }
  console.log(`Survived ${latest.kills} kills, ${latest.betweenSteps} of them between two steps:`);
  for (const [step, { before, after }] of Object.entries(latest.outcomes)) {
    console.log(`  while ${step}: ${before} times as before it, ${after} times as after it`);
  }
  await rm(folder, { recursive: true, force: true });
  return 0;
}
