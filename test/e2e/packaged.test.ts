import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyGuestDisk } from '../helpers/boot-sector';
import { prepareMachines } from '../helpers/prepared-machines';
import { electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, typeOnScreen, waitForScreen, waitForSerial } from '../helpers/ui';
import { type Display, startXvfb } from '../helpers/xvfb';

/** The program as it is handed on: packed by electron-builder, without a checkout and without Node. */

const run = promisify(execFile);
/** How a fuse is written in the program: the digit 0 or 1. */
const [off, on] = [0x30, 0x31];
const possible = process.platform === 'linux' && electronProgram !== undefined && findProgram('Xvfb');
if (!possible) sayWhySkipped('the packaged program', 'it takes Linux, Electron and Xvfb');

describe.skipIf(!possible)('the packaged program', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let program: string;
  let display: Display | undefined;
  let child: ChildProcess | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder('packaged');
    const output = path.join(folder.path, 'dist');
    await run(process.execPath, ['scripts/dist.mjs', '--linux', 'dir', `-c.directories.output=${output}`], {
      env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.dirname(electronProgram ?? '') },
      maxBuffer: 16 * 1024 * 1024,
    });
    program = path.join(output, 'linux-unpacked', 'vivarium');
  });

  afterAll(async () => {
    await browser?.close();
    if (child && child.exitCode === null) {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    display?.stop();
    await folder?.remove();
  });

  it('has the fuses that close what an installed program does not need', async () => {
    const fuses = await getCurrentFuseWire(program);
    const wanted = {
      [FuseV1Options.RunAsNode]: off,
      [FuseV1Options.EnableCookieEncryption]: on,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
      [FuseV1Options.EnableNodeCliInspectArguments]: off,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
      [FuseV1Options.OnlyLoadAppFromAsar]: on,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
    };
    expect(fuses).toMatchObject(wanted);
  });

  it('holds what it needs and nothing of bare Electron', async () => {
    const resources = path.join(path.dirname(program), 'resources');
    expect((await readdir(resources)).sort()).toEqual(['app.asar', 'app.asar.unpacked', 'vivarium']);
    expect(existsSync(path.join(path.dirname(program), 'version'))).toBe(false);
    expect(await readdir(path.join(resources, 'vivarium'))).toEqual(
      expect.arrayContaining(['bios', 'gallery.json', 'icons', 'licenses']),
    );
    const windows = path.join(resources, 'vivarium', 'licenses', 'third-party-windows.txt');
    expect(await readFile(windows, 'utf8')).toMatch(/^@vue\/runtime-core \d/m);
    const main = path.join(resources, 'vivarium', 'licenses', 'third-party-main.txt');
    expect(await readFile(main, 'utf8')).toMatch(/^zod \d[^]*Permission is hereby granted/m);
  });

  /** Starts it as a person does, but for the door by which a test looks at its windows. */
  async function start(dataFolder: string): Promise<Page> {
    display = await startXvfb();
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    child = spawn(program, [...asRoot, '--disable-gpu', '--lang=en-US', '--remote-debugging-port=0'], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: folder.path, DISPLAY: display.name, VIVARIUM_DATA: dataFolder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((resolve, reject) => {
      child?.once('exit', (code) => reject(new Error(`The program ended with ${code}`)));
      if (!child?.stderr) return reject(new Error('The program has no output'));
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
        if (found) resolve(found);
      });
    });
    browser = await chromium.connectOverCDP(address);
    const [context] = browser.contexts();
    if (!context) throw new Error('The program has no windows');
    return context.pages()[0] ?? context.waitForEvent('page');
  }

  it('starts, finds its resources, and runs a machine with its native parts', async () => {
    const dataFolder = path.join(folder.path, 'data');
    const [config] = await prepareMachines(dataFolder, [
      { name: 'Tiny', boot: ['disk'], disks: [{ id: 'disk0', path: 'disks/disk0.img', bus: 'ide' }] },
    ]);
    const disks = path.join(dataFolder, 'machines', `prepared-${config?.id.slice(-8)}`, 'disks');
    await mkdir(disks);
    await writeFile(path.join(disks, 'disk0.img'), tinyGuestDisk());

    const manager = await start(dataFolder);
    expect(manager.url()).toMatch(/^app:\/\/vivarium\//);
    const opened = manager.context().waitForEvent('page');
    await machineItem(manager, 'Tiny').dblclick();
    const page = await opened;
    await waitForScreen(page);
    await waitForSerial(page, /Tiny guest ready/, 60_000);
    // From the window through the machine's process to the guest and back.
    await typeOnScreen(page, 'x');
    await waitForSerial(page, /Px/, 30_000);
    await page.screenshot({ path: path.resolve('test-results/screenshots/packaged.png') });

    await manager.getByRole('link', { name: 'Gallery' }).click();
    await manager.getByText('Debian', { exact: false }).first().waitFor();
  });
});
