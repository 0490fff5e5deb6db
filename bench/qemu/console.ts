import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { MachineConfig } from '@shared/machine/config';
import { startElectronApp } from '../../test/helpers/app';
import { prepareMachines } from '../../test/helpers/prepared-machines';
import { chromiumProgram, findProgram, sayWhySkipped } from '../../test/helpers/programs';
import { temporaryFolder } from '../../test/helpers/temp-folder';
import { machineItem, openConsole, waitForScreen } from '../../test/helpers/ui';
import { startXvfb } from '../../test/helpers/xvfb';
import { median } from '../median';

import { treeLoad } from '../process-cpu';
import type { BenchResult } from '../types';
import { type Bare, commandLineOf, startBare } from './bare';
import { childNamed } from './machines';
import { pacedGuestDisk } from './paced-guest';

const rounds = 5;
const roundMs = 3000;
/** Until guest and viewer are in their stride, in milliseconds. */
/** Runs in the page: counts what noVNC puts on the screen, which it copies from a canvas of its own. */
const countPictures = `
  window.drawn = 0;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    if (this.canvas.isConnected) window.drawn++;
    return draw.apply(this, all);
  };
`;
const settleMs = 4000;
/** Of websockify, and of Debian's noVNC beside it. */
const webPort = 16080;
const webFolder = '/usr/share/novnc';

const machine: Partial<MachineConfig> = {
  name: 'Paced',
  engine: 'qemu',
  architecture: 'x86_64',
  guest: 'other',
  memoryMiB: 64,
  boot: ['disk'],
  disks: [{ id: 'disk0', path: 'disks/paced.img', bus: 'sata' }],
};

/** Cores and pictures a second, each the median of several stretches. */
interface Measured {
  cores: number;
  frames: number;
}

async function measure(pids: readonly number[], count: () => Promise<number>): Promise<Measured> {
  const cores: number[] = [];
  const frames: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [before, began] = [await count(), performance.now()];
    const loads = await Promise.all(pids.map((pid) => treeLoad(pid, roundMs)));
    frames.push(((await count()) - before) / ((performance.now() - began) / 1000));
    cores.push(loads.reduce((sum, load) => sum + load, 0));
  }
  return { cores: median(cores), frames: median(frames) };
}

/** Resolves when somebody answers at a port of this computer: websockify takes its time to start. */
async function listens(port: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** noVNC from Debian in Chromium, fed by websockify: the guest's QEMU, the viewer and what lies between. */
async function measurePeer(bare: Bare): Promise<Measured> {
  const websockify = spawn(
    findProgram('websockify') ?? '',
    [`--web=${webFolder}`, `127.0.0.1:${webPort}`, `--unix-target=${bare.screen}`],
    { stdio: 'ignore' },
  );
  const display = await startXvfb();
  const program = await startChromium(display.name);
  try {
    const browser = await chromium.connectOverCDP(program.endpoint);
    const page = await (browser.contexts()[0] ?? (await browser.newContext())).newPage();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.addInitScript({ content: countPictures });
    await listens(webPort);
    await page.goto(`http://127.0.0.1:${webPort}/vnc_lite.html?path=websockify&scale=true`);
    await page.locator('canvas').waitFor();
    await page.waitForTimeout(settleMs);
    const count = () => page.evaluate<number>('window.drawn');
    const measured = await measure([bare.pid, program.process.pid ?? 0, websockify.pid ?? 0], count);
    await browser.close();
    return measured;
  } finally {
    program.process.kill();
    websockify.kill();
    display.stop();
  }
}

/** Chromium in a window, as our own console has one: without a screen it would draw in another way. */
async function startChromium(display: string): Promise<{ process: ChildProcess; endpoint: string }> {
  const profile = await temporaryFolder('bench-chromium');
  const child = spawn(
    chromiumProgram ?? '',
    [
      ...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--remote-debugging-port=0'],
      ...['--window-size=1280,900', `--user-data-dir=${profile.path}`, 'about:blank'],
    ],
    { env: { ...process.env, DISPLAY: display }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.once('exit', () => void profile.remove());
  const endpoint = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`Chromium has ended: ${said}`)));
  });
  return { process: child, endpoint };
}

/** A console at 1280 × 800 against the same QEMU seen by noVNC in a browser. */
export async function benchConsole(): Promise<BenchResult[]> {
  if (!chromiumProgram || !findProgram('websockify') || !existsSync(webFolder)) {
    sayWhySkipped('the console against noVNC', 'Debian’s chromium, websockify and novnc are not all there');
    return [];
  }
  const data = await temporaryFolder('bench-qemu-console');
  const [config] = await prepareMachines(data.path, [machine]);
  const folder = path.join(data.path, 'machines', `prepared-${config?.id.slice(-8)}`);
  await mkdir(path.join(folder, 'disks'));
  await writeFile(path.join(folder, 'disks', 'paced.img'), pacedGuestDisk());
  const app = await startElectronApp({ dataFolder: data.path });
  let ours: Measured;
  let line;
  try {
    await machineItem(app.manager, 'Paced').click();
    await app.manager.locator('[data-action="start"]').click();
    const page = await openConsole(app, 'Paced');
    await waitForScreen(page);
    await page.getByText('1280 × 800').waitFor();
    await page.waitForTimeout(settleMs);
    line = commandLineOf(childNamed(app.mainPid, 'qemu-system'));
    const screen = page.getByTestId('console-screen');
    ours = await measure([app.mainPid], async () => Number(await screen.getAttribute('data-frame-count')));
  } finally {
    await app.close();
  }
  const sockets = path.join(folder, 'bare');
  await mkdir(sockets, { mode: 0o700 });
  const bare = startBare(line, sockets);
  try {
    await bare.control().then((client) => client.close());
    const peer = await measurePeer(bare);
    const ratio = ours.cores / peer.cores;
    const common = { peer: 'noVNC by websockify in Chromium' };
    return [
      {
        name: 'QEMU: CPU of guest and console, 1280×800, all of it drawn 18 times a second',
        value: ours.cores,
        unit: 'cores',
        ...common,
        peerValue: peer.cores,
        ratio,
        goal: 'ratio <= 1',
        ok: ratio <= 1,
      },
      {
        name: 'QEMU: pictures seen of that',
        value: ours.frames,
        unit: 'frames/s',
        ...common,
        peerValue: peer.frames,
        ratio: ours.frames / peer.frames,
        goal: 'ratio >= 0.98',
        ok: ours.frames / peer.frames >= 0.98,
      },
    ];
  } finally {
    await bare.kill();
    await data.remove();
  }
}
