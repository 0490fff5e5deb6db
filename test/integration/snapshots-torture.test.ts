import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BuiltMain, temporaryFolder } from '../helpers/core';
import { tortureMain } from '../helpers/torture/build';
import { noProgress, torture } from '../helpers/torture/torture';

/**
 * A few of the kills that `npm run torture` does by the thousand. `VIVARIUM_TORTURE=N` kills N times;
 * `VIVARIUM_SEED` draws other steps.
 */

const kills = Number(process.env['VIVARIUM_TORTURE'] ?? 60);
const seed = Number(process.env['VIVARIUM_SEED'] ?? 20_260_101);
const killLimitMs = 20_000;

let built: BuiltMain;
let folder: string;

beforeAll(async () => {
  built = await tortureMain();
  folder = await temporaryFolder();
});
afterAll(async () => {
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

it(
  `what was before the last step, or after it, is there after each of ${kills} kills`,
  async () => {
    const ended = await torture({ mainFolder: built.folder, folder, kills, from: noProgress(seed) });
    expect(ended.kills).toBeGreaterThanOrEqual(kills);
    expect(Object.keys(ended.outcomes)).not.toEqual([]);
    console.info(`Killed ${ended.kills} times: ${JSON.stringify(ended.outcomes)}`);
  },
  60_000 + kills * killLimitMs,
);
