import path from 'node:path';
import { startElectronApp } from '../test/helpers/app';
import { starterLinuxIso } from '../test/helpers/machine-config';
import { prepareMachines } from '../test/helpers/prepared-machines';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { machineItem, openConsole, waitForScreen, waitForSerial } from '../test/helpers/ui';
import { median } from './median';
import { treeLoad } from './process-cpu';
import type { Bench, BenchResult } from './types';

const rounds = 5;
const launchGoalMs = 1500;
const idleMs = 4000;
/** Loads are the same when they differ by less, in cores. */
const calm = 0.03;
/** A computer that never gets calm is measured all the same, after so many milliseconds. */
const settleLimitMs = 60_000;
/** Of one core: an idle guest should not be heard. */
const idleGoal = 0.2;

/** From the start of the program to a library that a person can use, in milliseconds. */
async function launchMs(machines: number): Promise<number> {
  const data = await temporaryFolder('bench-launch');
  await prepareMachines(
    data.path,
    Array.from({ length: machines }, (_, index) => ({ name: `Machine ${index}` })),
  );
  const app = await startElectronApp({ dataFolder: data.path });
  try {
    if (machines > 0) await app.manager.locator('[data-machine]').first().waitFor();
    else await app.manager.getByText('Grow your first machine').waitFor();
    return performance.now() - app.launchedAt;
  } finally {
    await app.close();
    await data.remove();
  }
}

async function launch(machines: number): Promise<BenchResult> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await launchMs(machines));
  const value = median(times);
  return {
    name: `launch to a usable library of ${machines} machines`,
    value,
    unit: 'ms',
    peer: null,
    peerValue: null,
    ratio: null,
    goal: `<= ${launchGoalMs}`,
    ok: value <= launchGoalMs,
  };
}

/**
 * Waits until the load no longer falls. After a boot the engine goes on making better code of what the guest has run,
 * in threads of its own, for as long as the computer lets it.
 */
async function settled(pid: number): Promise<void> {
  const end = performance.now() + settleLimitMs;
  let before = Infinity;
  while (performance.now() < end) {
    const load = await treeLoad(pid, idleMs);
    if (load > before - calm && load < before + calm) return;
    before = load;
  }
}

/** CPU of the whole app while one guest sits at its prompt, with nobody touching it. */
async function idle(): Promise<BenchResult> {
  const data = await temporaryFolder('bench-idle');
  await prepareMachines(data.path, [
    {
      name: 'Idle',
      memoryMiB: 128,
      boot: ['cdrom'],
      drives: [{ id: 'cd0', kind: 'cdrom', path: path.resolve(starterLinuxIso) }],
    },
  ]);
  const app = await startElectronApp({ dataFolder: data.path });
  try {
    await machineItem(app.manager, 'Idle').click();
    await app.manager.locator('[data-action="start"]').click();
    const page = await openConsole(app, 'Idle');
    await waitForScreen(page);
    await waitForSerial(page, /Starter Linux ready/, 120_000);
    await settled(app.mainPid);
    const loads: number[] = [];
    for (let round = 0; round < rounds; round++) loads.push(await treeLoad(app.mainPid, idleMs));
    const value = median(loads);
    return {
      name: 'the whole app with one idle guest and its console open',
      value,
      unit: 'cores',
      peer: null,
      peerValue: null,
      ratio: null,
      goal: `<= ${idleGoal}`,
      ok: value <= idleGoal,
    };
  } finally {
    await app.close();
    await data.remove();
  }
}

const bench: Bench = {
  name: 'app',
  run: async () => [await launch(0), await launch(500), await idle()],
};
export default bench;
