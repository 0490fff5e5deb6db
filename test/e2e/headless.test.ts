import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { wordsFor } from '../../src/main/app/purpose';
import { type AppUnderTest, startElectronApp } from '../helpers/app';
import { type CommandLine, commandLine } from '../helpers/command-line';
import { prepareMachines } from '../helpers/prepared-machines';
import { electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';
import { startXvfb } from '../helpers/xvfb';

const possible = electronProgram !== undefined && findProgram('Xvfb') !== undefined;
if (!possible) sayWhySkipped('the app and machines in the background', 'Electron or Xvfb is missing');

describe.skipIf(!possible)('the app, started while the command line runs machines in the background', () => {
  let data: Awaited<ReturnType<typeof temporaryFolder>>;
  let cli: CommandLine;
  let app: AppUnderTest | undefined;

  const prepare = async (): Promise<void> => {
    data = await temporaryFolder('headless');
    cli = commandLine(data.path);
    await prepareMachines(data.path, [
      { name: 'Alpha', engine: 'fake' },
      { name: 'Beta', engine: 'fake' },
    ]);
  };
  const open = async (): Promise<AppUnderTest> =>
    (app = await startElectronApp({ dataFolder: data.path, env: { VIVARIUM_DEVELOPMENT: '1' } }));
  const state = (machine: string) =>
    expect.poll(async () => (app ? machineItem(app.manager, machine).innerText() : ''), { timeout: 30_000 });
  const lockOwner = async (): Promise<number> =>
    (JSON.parse(await readFile(join(data.path, 'lock'), 'utf8')) as { pid: number }).pid;

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await cli.end();
    await data.remove();
  });

  it('shows and works them, with its own windows, and ends with them', async () => {
    await prepare();
    expect(await cli.run('start', 'Alpha')).toMatchObject({ status: 0, error: '' });
    const [background] = await cli.backgroundPids();
    const { manager, newWindow, requestQuit, ended } = await open();
    await state('Alpha').toMatch(/Running/);
    await state('Beta').toMatch(/Off/);
    // The machine has not moved.
    expect(await lockOwner()).toBe(background);

    // Both see what the other does.
    await cli.run('start', 'Beta');
    await state('Beta').toMatch(/Running/);
    await machineItem(manager, 'Beta').click();
    await manager.locator('[data-action="pause"]').click();
    await expect.poll(() => cli.json('show', 'Beta')).toMatchObject({ state: 'paused' });

    // It has lent what a desktop has: the command line's “open” opens a window of its own.
    expect(await cli.json('app', 'info')).toMatchObject({ shell: 'electron', nativeDialogs: true });
    const console = await newWindow(async () => void (await cli.run('machine', 'open-console', 'Alpha')));
    // The picture comes, by way of this app: the engine for tests draws more than one colour.
    const colours = () =>
      console.evaluate(() => {
        const canvas = document.querySelector('canvas');
        const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels ? new Set(new Uint32Array(pixels.buffer)).size : 0;
      });
    await expect.poll(colours, { timeout: 30_000 }).toBeGreaterThan(1);

    // Quitting asks; what is left running goes on, and is found again.
    await requestQuit();
    const dialog = manager.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.innerText()).toContain('Alpha');
    await dialog.getByText('Leave them running').click();
    await ended;
    await app?.close();
    expect(await cli.json('show', 'Alpha')).toMatchObject({ state: 'running' });
    expect(await cli.json('app', 'info')).toMatchObject({ shell: 'browser' });

    // What is answered else is done where the machines are.
    const again = await open();
    await state('Alpha').toMatch(/Running/);
    await again.requestQuit();
    await again.manager.getByRole('dialog').getByText('Power them off').click();
    await again.ended;
    await expect.poll(() => cli.backgroundPids(), { timeout: 15_000 }).toEqual([]);
  });

  it('takes the data folder over from one that has nothing to do, or that dies', async () => {
    await prepare();
    await cli.run('list');
    const [idle] = await cli.backgroundPids();
    await open();
    await state('Alpha').toMatch(/Off/);
    expect(await lockOwner()).toBe(app?.mainPid);
    expect(await cli.backgroundPids()).toEqual([]);
    expect(idle).toBeGreaterThan(0);
    await app?.close();

    await cli.run('start', 'Alpha');
    await open();
    await state('Alpha').toMatch(/Running/);
    const [background = 0] = await cli.backgroundPids();
    process.kill(background, 'SIGKILL');
    // It starts anew, and has the folder then.
    await app?.ended;
    await expect
      .poll(async () => (await lockOwner().catch(() => background)) !== background, { timeout: 60_000 })
      .toBe(true);
    const successor = await lockOwner();
    expect(await cli.json('show', 'Alpha')).toMatchObject({ state: 'off' });
    expect(await cli.backgroundPids()).toEqual([]);
    await cli.run('app', 'quit', 'power-off');
    await expect.poll(() => isAlive(successor), { timeout: 15_000 }).toBe(false);
  });

  it('is opened by the command of an installed program, which starts no other program for that', async () => {
    await prepare();
    const display = await startXvfb();
    const open = (...words: string[]) => {
      const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      const command = wordsFor('--command-line', [`--data=${data.path}`, 'open', ...words]);
      return promisify(execFile)(electronProgram ?? '', ['.', ...asRoot, ...command], {
        env: { ...process.env, DISPLAY: display.name, VIVARIUM_DEVELOPMENT: '1' },
        timeout: 60_000,
      });
    };
    const others = (): Promise<string> =>
      promisify(execFile)('pgrep', ['-f', `browser-mode -- --data=${data.path}`]).then(
        ({ stdout }) => stdout,
        () => '',
      );
    try {
      expect((await open('Alpha')).stdout).toBe('');
      expect(await cli.json('app', 'info')).toMatchObject({ shell: 'electron', nativeDialogs: true });
      expect(await others()).toBe('');
      const owner = await lockOwner();
      // One that is open already is shown.
      expect((await open()).stdout).toBe('');
      expect(await lockOwner()).toBe(owner);
      await cli.run('app', 'quit', 'power-off');
      await expect.poll(() => isAlive(owner), { timeout: 15_000 }).toBe(false);
    } finally {
      display.stop();
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
