import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp, startElectronApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';

const pictures = path.resolve('test-results/screenshots');
const alpha = 'prepared00000000';
const electronRuns = electronProgram !== undefined && findProgram('Xvfb') !== undefined;
if (!electronRuns) sayWhySkipped('the desktop in Electron', 'Electron or Xvfb is missing');

const cleaning: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

async function dataFolder(machines = true): Promise<string> {
  const data = await temporaryFolder('desktop');
  cleaning.push(data.remove);
  if (machines) {
    await prepareMachines(data.path, [
      { name: 'Alpha', engine: 'fake' },
      { name: 'Beta', engine: 'fake' },
    ]);
  }
  return data.path;
}

async function open(
  data: string,
  start: typeof startElectronApp,
  options: Partial<Parameters<typeof startElectronApp>[0]> = {},
): Promise<AppUnderTest> {
  const env = {
    VIVARIUM_DEVELOPMENT: '1',
    XDG_CONFIG_HOME: path.join(data, 'config'),
    ...options.env,
  };
  const app = await start({ dataFolder: data, ...options, env });
  cleaning.push(() => app.close());
  return app;
}

async function look(app: AppUnderTest, name: string): Promise<void> {
  await app.manager.evaluate(() => document.fonts.ready);
  await app.manager.screenshot({ path: path.join(pictures, `${name}.png`), animations: 'disabled' });
  expect(await seriousViolations(app.manager)).toEqual([]);
}

describe.skipIf(!electronRuns)('the program on a desktop', () => {
  /** A second start, with links or files, as the system makes one. */
  async function startAgain(data: string, display: string, ...words: string[]): Promise<void> {
    const again = spawn(
      electronProgram ?? '',
      ['.', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', ...words],
      { env: { ...process.env, VIVARIUM_DATA: data, DISPLAY: display }, stdio: 'ignore' },
    );
    const [status] = (await once(again, 'exit')) as [number | null];
    expect(status).toBe(0);
  }

  it('opens links, images and machines that a second start brings, and starts nothing', async () => {
    const data = await dataFolder();
    const app = await open(data, startElectronApp);
    const { manager } = app;
    const display = await app.inMain(() => process.env['DISPLAY'] ?? '');
    await machineItem(manager, 'Beta').click();
    await startAgain(data, display, `vivarium://open/${alpha}`);
    await manager.locator(`[data-machine="${alpha}"][aria-selected="true"]`).waitFor();
    expect(await machineItem(manager, 'Alpha').innerText()).toMatch(/Off/);

    const image = path.join(data, 'media', 'some.iso');
    await fs.mkdir(path.dirname(image), { recursive: true });
    await fs.writeFile(image, Buffer.alloc(40_960));
    // As a desktop passes on what was clicked twice.
    await startAgain(data, display, pathToFileURL(image).href);
    await expect.poll(() => manager.url()).toContain('#/create?path=');
    await manager.getByText('some.iso').first().waitFor();

    await startAgain(data, display, path.join(data, 'machines', 'prepared-00000000', 'machine.json'));
    await manager.locator(`[data-machine="${alpha}"][aria-selected="true"]`).waitFor();

    // A machine's folder by the name that the desktop knows, from elsewhere: it joins the library where it is.
    const bundle = await temporaryFolder('bundle');
    cleaning.push(bundle.remove);
    const folder = path.join(bundle.path, 'Delta.vivarium');
    await fs.cp(path.join(data, 'machines', 'prepared-00000000'), folder, { recursive: true });
    const config = path.join(folder, 'machine.json');
    const delta = (await fs.readFile(config, 'utf8'))
      .replace(alpha, 'delta00000000000')
      .replace('Alpha', 'Delta');
    await fs.writeFile(config, delta);
    await startAgain(data, display, pathToFileURL(folder).href);
    await manager.locator('[data-machine="delta00000000000"][aria-selected="true"]').waitFor();

    await startAgain(data, display, 'vivarium://open/nosuchmachine000');
    await manager.getByText('not in this library').first().waitFor();

    // A page whose process dies comes again by itself, and is served.
    const shown = () =>
      app.inMain(async ({ BrowserWindow }) => {
        const [window] = BrowserWindow.getAllWindows();
        const text = window?.webContents.executeJavaScript('document.body.innerText') as Promise<string>;
        // A page that is just going does not answer.
        return Promise.race([text, new Promise<string>((resolve) => setTimeout(resolve, 1000, ''))]);
      });
    await app.inMain(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      window?.webContents.forcefullyCrashRenderer();
    });
    await expect.poll(() => shown().catch(() => ''), { timeout: 30_000 }).toContain('Delta');
    // Where it dies again at once the person decides; the window does not come and go for ever.
    await app.inMain(({ BrowserWindow, dialog }) => {
      const asked: string[] = [];
      (globalThis as { asked?: string[] }).asked = asked;
      dialog.showMessageBox = ((_window: unknown, { message, buttons }: Electron.MessageBoxOptions) => {
        asked.push(message, ...(buttons ?? []));
        return Promise.resolve({ response: 1, checkboxChecked: false });
      }) as typeof dialog.showMessageBox;
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
    });
    const asked = () => app.inMain(() => (globalThis as { asked?: string[] }).asked);
    await expect.poll(asked, { timeout: 30_000 }).toHaveLength(3);
    expect(await asked()).toEqual(['This window has crashed again', 'Close Window', 'Load It Again']);
    await expect.poll(() => shown().catch(() => ''), { timeout: 30_000 }).toContain('Delta');
    // The test's own view of that page is gone with it.
    await app.kill();
  });

  it('keeps the places of its windows, and starts at login where that is wanted', async () => {
    const data = await dataFolder();
    const app = await open(data, startElectronApp);
    const place = { x: 60, y: 70, width: 900, height: 640 };
    const bounds = (one: AppUnderTest) =>
      one.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
    await app.manager.getByRole('link', { name: 'Preferences' }).click();
    await app.inMain(
      ({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]?.setBounds(wanted),
      place,
    );
    await expect.poll(() => bounds(app)).toEqual(place);
    const kept = path.join(data, 'windows.json');
    await expect
      .poll(async () => JSON.parse(await fs.readFile(kept, 'utf8').catch(() => '{}')) as object)
      .toMatchObject({ windows: { manager: place } });

    await app.manager.getByTestId('launch-at-login').click();
    const entry = path.join(data, 'config', 'autostart', 'vivarium.desktop');
    await expect.poll(() => fs.readFile(entry, 'utf8').catch(() => '')).toContain('--background');
    await app.close();

    const again = await open(data, startElectronApp);
    await again.manager.getByRole('link', { name: 'Preferences' }).click();
    await expect.poll(() => bounds(again)).toEqual(place);
    const atLogin = again.manager.getByTestId('launch-at-login');
    await expect.poll(() => atLogin.getAttribute('aria-checked')).toBe('true');
    await atLogin.scrollIntoViewIfNeeded();
    await look(again, 'preferences-electron');
    await atLogin.click();
    await expect.poll(() => fs.readFile(entry, 'utf8').catch(() => '')).toBe('');
  });

  it('lets machines sleep with the computer', async () => {
    const data = await dataFolder();
    const app = await open(data, startElectronApp);
    await machineItem(app.manager, 'Alpha').click();
    await app.manager.locator('[data-action="start"]').click();
    const state = expect.poll(() => machineItem(app.manager, 'Alpha').innerText(), { timeout: 15_000 });
    await state.toMatch(/Running/);
    expect(
      await app.inMain(({ powerSaveBlocker }) => [0, 1, 2].some((id) => powerSaveBlocker.isStarted(id))),
    ).toBe(true);
    await app.inMain(({ powerMonitor }) => powerMonitor.emit('suspend'));
    await state.toMatch(/Paused/);
    await app.inMain(({ powerMonitor }) => powerMonitor.emit('resume'));
    await state.toMatch(/Running/);
    // The end of the session, which nobody is asked about.
    process.kill(app.mainPid, 'SIGTERM');
    await app.ended;
    const saved = path.join(data, 'machines', 'prepared-00000000', 'saved');
    expect(await fs.readdir(saved)).toContain('state.viv');

    const again = await open(data, startElectronApp);
    await machineItem(again.manager, 'Alpha').click();
    expect(await machineItem(again.manager, 'Alpha').innerText()).toMatch(/Saved/);
    await again.manager.locator('[data-action="start"]').click();
    await expect
      .poll(() => machineItem(again.manager, 'Alpha').innerText(), { timeout: 15_000 })
      .toMatch(/Running/);
    // The computer is switched off: the system waits for who asks it to.
    const waits = await again.inMain(({ powerMonitor }) => {
      let prevented = false;
      powerMonitor.emit('shutdown', { preventDefault: () => (prevented = true) });
      return prevented;
    });
    expect(waits).toBe(true);
    await again.ended;
    expect(await fs.readdir(saved)).toContain('state.viv');
  });

  it('moves everything it has to another folder, and works there when it starts again', async () => {
    const data = await dataFolder();
    const target = await temporaryFolder('desktop-new');
    cleaning.push(target.remove);
    const app = await open(data, startElectronApp);
    // The test starts it again itself; and nobody is there to choose a folder in a dialog.
    await app.inMain(({ app: program, dialog }, folder) => {
      program.relaunch = () => undefined;
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [folder] });
    }, target.path);
    await app.manager.getByRole('link', { name: 'Preferences' }).click();
    await app.manager.getByTestId('move-data').click();
    const dialog = app.manager.getByRole('dialog');
    await dialog.waitFor();
    const folder = path.join(target.path, 'Vivarium');
    expect(await dialog.innerText()).toContain(folder);
    await dialog.getByText('Move everything').click();
    await app.ended;

    const again = await open(data, startElectronApp);
    await machineItem(again.manager, 'Beta').waitFor();
    expect(await fs.readdir(path.join(folder, 'machines'))).toHaveLength(2);
    await expect.poll(() => fs.readdir(data), { timeout: 15_000 }).not.toContain('machines');
    await again.manager.getByRole('link', { name: 'Preferences' }).click();
    await expect
      .poll(() => again.manager.getByTestId('data-folder').innerText(), { timeout: 15_000 })
      .toBe(await fs.realpath(folder));
  });
});

describe.skipIf(!chromiumProgram)('the welcome', () => {
  it.each(['light', 'dark'] as const)('is there once, for who has no machines: %s', async (colorScheme) => {
    const data = await dataFolder(false);
    const app = await open(data, startBrowserApp, { colorScheme, welcome: true });
    const { manager } = app;
    await manager.getByTestId('welcome').waitFor();
    expect(await manager.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await manager.getByText('Embedded (v86)').first().waitFor();
    await look(app, `welcome-${colorScheme}-1280`);
    // Every way on can be reached by the keyboard alone, in the order in which it is seen.
    await manager.keyboard.press('Tab');
    await manager.keyboard.press('Tab');
    await manager.keyboard.press('Enter');
    await expect.poll(() => manager.url()).toContain('#/create?from=gallery');
    await manager.getByRole('navigation').getByRole('link', { name: 'Library' }).click();
    await manager.getByText('Grow your first machine').waitFor();
    await manager.reload();
    await manager.getByText('Grow your first machine').waitFor();
    expect(await manager.getByTestId('welcome').count()).toBe(0);
  });
});

describe('a second start of browser mode', () => {
  it('finds the first one under the name that its folder had before it was moved', async () => {
    const data = await dataFolder();
    const target = await temporaryFolder('desktop-new');
    cleaning.push(target.remove);
    const folder = path.join(target.path, 'Vivarium');
    const run = (...words: string[]) =>
      promisify(execFile)(process.execPath, ['out/main/cli.js', `--data=${data}`, ...words], {
        env: { ...process.env, VIVARIUM_DEVELOPMENT: '1' },
        timeout: 60_000,
      });
    await run('app', 'move-data', folder);
    const { stdout } = await run('list', '--json');
    expect(stdout).toContain(await fs.realpath(folder));
    expect(await fs.readdir(data)).toContain('location.json');
  });
});
