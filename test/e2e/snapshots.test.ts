import fs from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { type AppUnderTest, startBrowserApp, startElectronApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import {
  chooseFromMenu,
  machineItem,
  openConsole,
  typeOnScreen,
  waitForScreen,
  waitForSerial,
} from '../helpers/ui';

const screenshots = path.resolve('test-results/screenshots');

if (!chromiumProgram) sayWhySkipped('snapshots through the user interface', 'Chromium is missing');
const hasElectron = electronProgram !== undefined && findProgram('Xvfb') !== undefined;
if (!hasElectron) sayWhySkipped('snapshots in Electron', 'the program to run it in is missing');

/** A data folder with one machine, Alpha, that has a disk. */
async function prepareAlpha(dataFolder: string): Promise<void> {
  await prepareMachines(dataFolder, [
    { name: 'Alpha', engine: 'fake', disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }] },
  ]);
  const [folder = ''] = await fs.readdir(path.join(dataFolder, 'machines'));
  const disks = path.join(dataFolder, 'machines', folder, 'disks');
  await fs.mkdir(disks);
  await createQcow2(path.join(disks, 'disk0.qcow2'), { virtualSize: 16 * 1024 * 1024 });
}

/** Starts Alpha in the library, and gives its console. */
async function startAlpha(app: AppUnderTest): Promise<Page> {
  await machineItem(app.manager, 'Alpha').click();
  await app.manager.locator('[data-action="start"]').click();
  await expect.poll(() => machineItem(app.manager, 'Alpha').innerText()).toMatch(/Running/);
  const console = await openConsole(app, 'Alpha');
  await waitForScreen(console);
  return console;
}

/** The names in the tree of the snapshots' page, from its top. */
const treeOf = async (page: Page): Promise<string[]> => {
  const rows = await page.getByRole('treeitem').locator('p:first-child').allInnerTexts();
  return rows.map((text) => text.split('\n')[0] ?? '');
};
const rowOf = (page: Page, name: string): Locator => page.getByRole('treeitem').filter({ hasText: name });
/** Waits until nothing works on the snapshots any more. */
const idle = (page: Page): Promise<void> => page.getByTestId('snapshot-job').waitFor({ state: 'detached' });

describe.skipIf(!chromiumProgram)('snapshots, from the console, the library and their page', () => {
  let app: AppUnderTest;
  let manager: Page;
  let console: Page;
  let removeData: () => Promise<void>;

  beforeAll(async () => {
    const data = await temporaryFolder('snapshots');
    removeData = data.remove;
    await prepareAlpha(data.path);
    app = await startBrowserApp({ dataFolder: data.path, env: { VIVARIUM_DEVELOPMENT: '1' } });
    manager = app.manager;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await manager?.screenshot({ path: path.join(screenshots, 'failed-snapshots-manager.png') });
    await console?.screenshot({ path: path.join(screenshots, 'failed-snapshots-console.png') });
  });
  afterAll(async () => {
    await app?.close();
    await removeData?.();
  });

  const row = (name: string): Locator => rowOf(manager, name);
  const treeIs = (...names: string[]) => expect.poll(() => treeOf(manager)).toEqual(names);
  const look = async (page: Page, name: string): Promise<void> => {
    await page.screenshot({ path: path.join(screenshots, `snapshots-${name}.png`), animations: 'disabled' });
    expect(await seriousViolations(page)).toEqual([]);
  };

  it('taken in the console by keyboard while the machine runs', async () => {
    console = await startAlpha(app);
    await typeOnScreen(console, 'disk-write first');
    await waitForSerial(console, /written/);

    await console.keyboard.press('Control+Shift+S');
    const name = console.getByLabel('Name', { exact: true });
    await name.waitFor();
    expect(await name.inputValue()).toBe('Snapshot 1');
    await name.fill('With the first text');
    await look(console, 'console-take');
    await console.getByTestId('take-confirm').click();
    await console.getByText('“With the first text” has been taken').first().waitFor();
    await typeOnScreen(console, 'disk-write second');
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /disk=second/);
  });

  it('seen on their page, which the library leads to', async () => {
    await machineItem(manager, 'Alpha').click();
    await manager.locator('[data-details-action="snapshots"]').click();
    await treeIs('With the first text', 'You are here');
    await row('With the first text').click();
    await manager.getByText('The settings are the same.').waitFor();
    await manager.getByTestId('snapshot-screen').first().waitFor();
    await look(manager, 'page');
  });

  it('restored with memory, after the present has been kept', async () => {
    await manager.keyboard.press('Enter');
    await manager.getByText('Restore “With the first text”?').waitFor();
    await look(manager, 'restore');
    await manager.getByTestId('restore-confirm').click();
    await manager.getByText('“With the first text” has been restored').first().waitFor();
    // the text that was replaced is kept in a branch of its own; the present goes on from the first one
    await treeIs('With the first text', 'Snapshot 2', 'You are here');
    await idle(manager);
    await expect.poll(() => row('You are here').innerText()).toMatch(/Running/);
    await waitForScreen(console);
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /disk=first/);
  });

  it('described and renamed', async () => {
    await row('Snapshot 2').click();
    await manager.keyboard.press('F2');
    await manager.getByLabel('Name', { exact: true }).fill('With the second text');
    await manager.getByLabel('Description', { exact: true }).fill('Written a moment later.');
    await manager.keyboard.press('Tab');
    await manager.getByRole('button', { name: 'Save', exact: true }).click();
    await treeIs('With the first text', 'With the second text', 'You are here');
    expect(await row('With the second text').innerText()).toContain('Written a moment later.');
  });

  it('restored from the menu of the console, the disks alone', async () => {
    await console.getByTestId('menu-machine').click();
    await console.getByRole('menuitem', { name: 'Restore snapshot' }).hover();
    await console.getByRole('menuitem', { name: /With the second text/ }).click();
    await console.getByRole('radio', { name: /Disks only/ }).click();
    await console.getByTestId('restore-first').click();
    await console.getByTestId('restore-confirm').click();
    await console.getByTestId('console-start').waitFor();
    await idle(console);
    await console.getByTestId('console-start').click();
    await waitForScreen(console);
    await waitForSerial(console, /started again[^]*Fake machine ready/);
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /Fake machine ready[^]*disk=second/);
  });

  it('deleted while the machine runs, with what goes on from them untouched', async () => {
    await row('With the second text').click();
    await manager.keyboard.press('Delete');
    await manager
      .getByText(/About .* comes back/)
      .first()
      .waitFor();
    await look(manager, 'delete');
    await manager.locator('[data-choice="these"]').click();
    await treeIs('With the first text', 'You are here');
    await idle(manager);
    await typeOnScreen(console, 'echo after');
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /after[^]*disk=second/);
  });
});

describe.skipIf(!hasElectron)('snapshots in Electron', () => {
  let app: AppUnderTest | undefined;
  let console: Page | undefined;
  let removeData: (() => Promise<void>) | undefined;

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      const place = (window: string) => path.join(screenshots, `failed-snapshots-electron-${window}.png`);
      await app?.manager.screenshot({ path: place('manager') });
      await console?.screenshot({ path: place('console') });
    }
    await app?.close();
    await removeData?.();
  });

  it('are taken, restored with memory and deleted while the machine runs, from its menu', async () => {
    const data = await temporaryFolder('snapshots-electron');
    removeData = data.remove;
    await prepareAlpha(data.path);
    app = await startElectronApp({ dataFolder: data.path, env: { VIVARIUM_DEVELOPMENT: '1' } });
    const { manager } = app;
    console = await startAlpha(app);
    await typeOnScreen(console, 'disk-write first');
    await waitForSerial(console, /written/);

    await chooseFromMenu(console, 'machine', /Take snapshot/);
    await console.getByLabel('Name', { exact: true }).fill('First');
    await console.getByTestId('take-confirm').click();
    await console.getByText('“First” has been taken').first().waitFor();
    await typeOnScreen(console, 'disk-write second');
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /disk=second/);

    await console.getByTestId('menu-machine').click();
    await console.getByRole('menuitem', { name: 'Restore snapshot' }).hover();
    await console.getByRole('menuitem', { name: /First/ }).click();
    await console.getByTestId('restore-first').click();
    await console.getByTestId('restore-confirm').click();
    await console.getByText('“First” has been restored').first().waitFor();
    await waitForScreen(console);
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /disk=first/);

    await machineItem(manager, 'Alpha').click();
    await manager.locator('[data-details-action="snapshots"]').click();
    await expect.poll(() => treeOf(manager)).toEqual(['First', 'You are here']);
    await expect.poll(() => rowOf(manager, 'You are here').innerText()).toMatch(/Running/);
    await rowOf(manager, 'First').click();
    await manager.keyboard.press('Delete');
    await manager.locator('[data-choice="these"]').click();
    await manager.getByText('No snapshots yet').waitFor();
    await idle(manager);
    await typeOnScreen(console, 'echo after');
    await typeOnScreen(console, 'disk-read');
    await waitForSerial(console, /after[^]*disk=first/);
  });
});
