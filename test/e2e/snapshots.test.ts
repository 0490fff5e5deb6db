import fs from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, openConsole, typeOnScreen, waitForScreen, waitForSerial } from '../helpers/ui';

const screenshots = path.resolve('test-results/screenshots');

if (!chromiumProgram) sayWhySkipped('snapshots through the user interface', 'Chromium is missing');

describe.skipIf(!chromiumProgram)('snapshots, from the console, the library and their page', () => {
  let app: AppUnderTest;
  let manager: Page;
  let console: Page;
  let removeData: () => Promise<void>;

  beforeAll(async () => {
    const data = await temporaryFolder('snapshots');
    removeData = data.remove;
    await prepareMachines(data.path, [
      { name: 'Alpha', engine: 'fake', disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }] },
    ]);
    const [folder = ''] = await fs.readdir(path.join(data.path, 'machines'));
    const disks = path.join(data.path, 'machines', folder, 'disks');
    await fs.mkdir(disks);
    await createQcow2(path.join(disks, 'disk0.qcow2'), { virtualSize: 16 * 1024 * 1024 });
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

  const rows = (): Promise<string[]> =>
    manager.getByRole('treeitem').locator('p:first-child').allInnerTexts();
  const row = (name: string): Locator => manager.getByRole('treeitem').filter({ hasText: name });
  const treeIs = (...names: string[]) =>
    expect.poll(async () => (await rows()).map((text) => text.split('\n')[0])).toEqual(names);
  const look = async (page: Page, name: string): Promise<void> => {
    await page.screenshot({ path: path.join(screenshots, `snapshots-${name}.png`), animations: 'disabled' });
    expect(await seriousViolations(page)).toEqual([]);
  };
  /** Waits until nothing works on the snapshots any more. */
  const idle = (page: Page): Promise<void> => page.getByTestId('snapshot-job').waitFor({ state: 'detached' });

  it('taken in the console by keyboard while the machine runs', async () => {
    await machineItem(manager, 'Alpha').click();
    await manager.locator('[data-action="start"]').click();
    await expect.poll(() => machineItem(manager, 'Alpha').innerText()).toMatch(/Running/);
    console = await openConsole(app, 'Alpha');
    await waitForScreen(console);
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
