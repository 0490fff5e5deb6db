import fs from 'node:fs/promises';
import path from 'node:path';
import { startElectronApp } from '../test/helpers/app';
import { prepareMachines } from '../test/helpers/prepared-machines';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { machineItem, openConsole, waitForScreen } from '../test/helpers/ui';
import { median } from './median';
import { motionGuestDisk } from './motion-guest';
import { treeLoad } from './process-cpu';
import type { Bench, BenchResult } from './types';

const rounds = 5;
const roundMs = 3000;
/** Frames a second at which motion looks like motion, with everything (guest, viewer, drawing) on two cores. */
const goalFrames = 25;

/** The console at 1024 × 768 while a guest changes every pixel as fast as it can. */
async function run(): Promise<BenchResult[]> {
  const data = await temporaryFolder('bench-console');
  await prepareMachines(data.path, [
    {
      name: 'Motion',
      memoryMiB: 32,
      boot: ['disk'],
      disks: [{ id: 'disk0', path: 'disks/motion.img', bus: 'ide' }],
    },
  ]);
  const disks = path.join(data.path, 'machines', 'prepared-00000000', 'disks');
  await fs.mkdir(disks);
  await fs.writeFile(path.join(disks, 'motion.img'), motionGuestDisk());
  const app = await startElectronApp({ dataFolder: data.path });
  try {
    await machineItem(app.manager, 'Motion').click();
    await app.manager.locator('[data-action="start"]').click();
    const page = await openConsole(app, 'Motion');
    await waitForScreen(page);
    await page.getByText('1024 × 768').waitFor();
    const counter = page.getByTestId('console-screen');
    const count = async (): Promise<number> => Number(await counter.getAttribute('data-frame-count'));
    const frames: number[] = [];
    const load: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = await count();
      const started = performance.now();
      load.push(await treeLoad(app.mainPid, roundMs));
      frames.push(((await count()) - before) / ((performance.now() - started) / 1000));
    }
    const value = median(frames);
    return [
      {
        name: 'console, 1024×768, every pixel in motion',
        value,
        unit: 'frames/s',
        peer: null,
        peerValue: null,
        ratio: null,
        goal: `>= ${goalFrames}`,
        ok: value >= goalFrames,
      },
      {
        name: 'console, the same: CPU of guest, app and window together',
        value: median(load),
        unit: 'cores',
        peer: null,
        peerValue: null,
        ratio: null,
        goal: '<= 2 (all there are)',
        ok: median(load) <= 2,
      },
    ];
  } finally {
    await app.close();
    await data.remove();
  }
}

const bench: Bench = { name: 'console', run };
export default bench;
