import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp, startElectronApp } from '../helpers/app';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';

const shells = [
  { name: 'browser mode', start: startBrowserApp, possible: chromiumProgram !== undefined },
  {
    name: 'Electron',
    start: startElectronApp,
    possible: electronProgram !== undefined && findProgram('Xvfb') !== undefined,
  },
];

describe.each(shells)('machines in $name', ({ name, start, possible }) => {
  const apps: AppUnderTest[] = [];
  let removeData: (() => Promise<void>) | undefined;
  if (!possible) sayWhySkipped(`life cycle in ${name}`, 'the program to run it in is missing');

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
    await removeData?.();
  });

  async function prepared(): Promise<{ dataFolder: string; open: () => Promise<AppUnderTest> }> {
    const data = await temporaryFolder('life');
    removeData = data.remove;
    await prepareMachines(data.path, [
      { name: 'Alpha', engine: 'fake' },
      { name: 'Beta', engine: 'fake' },
    ]);
    const open = async (): Promise<AppUnderTest> => {
      const app = await start({ dataFolder: data.path, env: { VIVARIUM_DEVELOPMENT: '1' } });
      apps.push(app);
      return app;
    };
    return { dataFolder: data.path, open };
  }

  async function act(app: AppUnderTest, machine: string, action: string): Promise<void> {
    await machineItem(app.manager, machine).click();
    await app.manager.locator(`[data-action="${action}"]`).click();
  }

  const state = (app: AppUnderTest, machine: string) =>
    expect.poll(() => machineItem(app.manager, machine).innerText());

  it.skipIf(!possible)('run, pause, go on, save their state, and go on from it after a restart', async () => {
    const { open } = await prepared();
    const app = await open();
    await act(app, 'Alpha', 'start');
    await state(app, 'Alpha').toMatch(/Running/);
    await act(app, 'Alpha', 'pause');
    await state(app, 'Alpha').toMatch(/Paused/);
    await act(app, 'Alpha', 'resume');
    await state(app, 'Alpha').toMatch(/Running/);
    await act(app, 'Alpha', 'save');
    await state(app, 'Alpha').toMatch(/Saved/);
    await app.close();

    const again = await open();
    await state(again, 'Alpha').toMatch(/Saved/);
    await act(again, 'Alpha', 'start');
    await state(again, 'Alpha').toMatch(/Running/);
  });

  it.skipIf(!possible)('die alone: a killed process makes its machine aborted, with the reason', async () => {
    const { dataFolder, open } = await prepared();
    const app = await open();
    for (const machine of ['Alpha', 'Beta']) {
      await act(app, machine, 'start');
      await state(app, machine).toMatch(/Running/);
    }
    const [alpha] = await fs.readdir(path.join(dataFolder, 'machines'));
    const lock = await fs.readFile(path.join(dataFolder, 'machines', alpha ?? '', 'lock'), 'utf8');
    const pid = Number((JSON.parse(lock) as { pid: number }).pid);
    process.kill(pid, 'SIGKILL');
    await state(app, 'Alpha').toMatch(/Aborted/);
    await machineItem(app.manager, 'Alpha').click();
    await app.manager
      .getByText(/SIGKILL|signal|killed|ended by itself/i)
      .first()
      .waitFor();
    await state(app, 'Beta').toMatch(/Running/);
    await act(app, 'Alpha', 'start');
    await state(app, 'Alpha').toMatch(/Running/);
  });

  it.skipIf(!possible)('outlive nothing: after kill -9 of the app they can be started again', async () => {
    const { open } = await prepared();
    const app = await open();
    await act(app, 'Alpha', 'start');
    await state(app, 'Alpha').toMatch(/Running/);
    await app.kill();
    apps.length = 0;
    const again = await open();
    await state(again, 'Alpha').toMatch(/Off|Aborted/);
    await act(again, 'Alpha', 'start');
    await state(again, 'Alpha').toMatch(/Running/);
  });
});

describe.skipIf(!electronProgram || !findProgram('Xvfb'))('Electron', () => {
  it('asks what becomes of running machines before it ends, and saves them', async () => {
    const data = await temporaryFolder('quit');
    await prepareMachines(data.path, [{ name: 'Alpha', engine: 'fake' }]);
    const app = await startElectronApp({ dataFolder: data.path, env: { VIVARIUM_DEVELOPMENT: '1' } });
    try {
      await machineItem(app.manager, 'Alpha').click();
      await app.manager.locator('[data-action="start"]').click();
      await expect.poll(() => machineItem(app.manager, 'Alpha').innerText()).toMatch(/Running/);
      await app.requestQuit();
      const dialog = app.manager.getByRole('dialog');
      await dialog.waitFor();
      expect(await dialog.innerText()).toContain('Alpha');
      await app.manager.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await machineItem(app.manager, 'Alpha').innerText()).toMatch(/Running/);
      await app.requestQuit();
      await dialog.getByText('Save').first().click();
      await app.ended;
      const folder = path.join(data.path, 'machines', 'prepared-00000000');
      expect((await fs.stat(path.join(folder, 'saved', 'state.viv'))).size).toBeGreaterThan(0);
    } finally {
      await app.close();
      await data.remove();
    }
  });

  it('brings the first window to the front when it is started a second time on the same data', async () => {
    const data = await temporaryFolder('second');
    const app = await startElectronApp({ dataFolder: data.path });
    try {
      await app.manager.getByText('Grow your first machine').waitFor();
      const { stdout } = await promisify(execFile)(process.execPath, ['out/main/server.js'], {
        env: { ...process.env, VIVARIUM_DATA: data.path },
        timeout: 20_000,
      });
      expect(stdout).toContain('runs already');
    } finally {
      await app.close();
      await data.remove();
    }
  });
});
