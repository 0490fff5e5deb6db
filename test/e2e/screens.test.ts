import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareBrokenMachine, prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, openConsole } from '../helpers/ui';

const folder = path.resolve('test-results/screenshots');
const looks = [
  { theme: 'light', size: { width: 1280, height: 800 } },
  { theme: 'dark', size: { width: 1280, height: 800 } },
  { theme: 'light', size: { width: 1920, height: 1080 } },
  { theme: 'dark', size: { width: 1920, height: 1080 } },
] as const;

if (!chromiumProgram) sayWhySkipped('screens', 'Chromium is missing');

describe.skipIf(!chromiumProgram).each(looks)('screens, $theme, $size.width wide', ({ theme, size }) => {
  let app: AppUnderTest;
  let removeData: () => Promise<void>;

  beforeAll(async () => {
    const data = await temporaryFolder('screens');
    removeData = data.remove;
    await prepareMachines(data.path, [
      { name: 'Alpha', engine: 'fake' },
      { name: 'Beta', engine: 'fake', memoryMiB: 512 },
    ]);
    await prepareBrokenMachine(data.path);
    app = await startBrowserApp({
      dataFolder: data.path,
      size,
      colorScheme: theme,
      env: { VIVARIUM_DEVELOPMENT: '1' },
    });
  });
  afterAll(async () => {
    await app?.close();
    await removeData?.();
  });

  async function look(page: Page, name: string): Promise<void> {
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({
      path: path.join(folder, `${name}-${theme}-${size.width}.png`),
      animations: 'disabled',
    });
    expect(await seriousViolations(page)).toEqual([]);
    // Nothing is wider than the window.
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
  }

  async function goTo(link: string): Promise<void> {
    await app.manager.getByRole('navigation').getByRole('link', { name: link }).click();
  }

  it('the library: cards, list, a machine that cannot be read', async () => {
    await machineItem(app.manager, 'Alpha').click();
    await look(app.manager, 'library-cards');
    await app.manager.getByRole('button', { name: 'List' }).click();
    await look(app.manager, 'library-list');
    await machineItem(app.manager, 'broken').click();
    await look(app.manager, 'library-broken');
    await app.manager.getByRole('button', { name: 'Cards' }).click();
  });

  it('the question before a machine is deleted', async () => {
    await machineItem(app.manager, 'Alpha').click();
    await app.manager.keyboard.press('Delete');
    await app.manager.getByRole('dialog').waitFor();
    await look(app.manager, 'delete');
    await app.manager.keyboard.press('Escape');
    await app.manager.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('the gallery, this computer, preferences', async () => {
    await goTo('Gallery');
    await app.manager.getByText('Starter Linux').first().waitFor();
    await look(app.manager, 'gallery');
    await goTo('This computer');
    await app.manager.getByText('Embedded (v86)').first().waitFor();
    await look(app.manager, 'host');
    await goTo('Preferences');
    await app.manager.getByText('Theme').first().waitFor();
    await look(app.manager, 'preferences');
    await goTo('Library');
  });

  it("a machine's settings", async () => {
    await machineItem(app.manager, 'Beta').click();
    await app.manager
      .getByRole('button', { name: 'Settings' })
      .or(app.manager.getByRole('link', { name: 'Settings' }))
      .first()
      .click();
    await app.manager.getByText('Settings of “Beta”').waitFor();
    await look(app.manager, 'settings');
    await app.manager.getByRole('link', { name: 'System', exact: true }).click();
    await app.manager.locator('#settings-engine').click();
    await app.manager.getByRole('option', { name: 'Embedded (v86)' }).click();
    await app.manager.getByTestId('engine-change').waitFor();
    await look(app.manager, 'settings-system');
    await app.manager.getByRole('button', { name: 'Revert' }).click();
    await goTo('Library');
  });

  it('the wizard, step by step', async () => {
    await app.manager.keyboard.press('Control+n');
    await app.manager.getByTestId('gallery-list').waitFor();
    await look(app.manager, 'wizard-choose');
    await app.manager.getByTestId('wizard-cancel').click();
    await machineItem(app.manager, 'Alpha').waitFor();
  });

  it('the console of a machine that is off, runs, and is paused', async () => {
    await machineItem(app.manager, 'Beta').click();
    await app.manager.locator('[data-action="start"]').click();
    await expect.poll(() => machineItem(app.manager, 'Beta').innerText()).toMatch(/Running/);
    const console = await openConsole(app, 'Beta');
    await console.locator('[data-testid="console-screen"][data-connected="true"]').waitFor();
    await look(console, 'console-running');
    await console.getByTestId('menu-machine').click();
    await console.getByRole('menuitem', { name: 'Pause' }).waitFor();
    await look(console, 'console-menu');
    await console.getByRole('menuitem', { name: 'Pause' }).click();
    await console.getByText('Paused').first().waitFor();
    await look(console, 'console-paused');
    await console.getByTestId('tab-0').click();
    await console.locator('.xterm-rows').waitFor();
    await look(console, 'console-serial');
    await look(app.manager, 'library-running');
    await console.close();
  });

  it('the statistics of a machine', async () => {
    await machineItem(app.manager, 'Beta').click();
    await app.manager.getByTestId('open-statistics').click();
    const chart = app.manager.getByRole('region', { name: /^CPU/ });
    await chart.locator('canvas').waitFor();
    await look(app.manager, 'statistics');
    // What the chart says can be read without seeing it.
    expect(await chart.getByRole('row', { name: /The machine in all/ }).innerText()).toMatch(/\d+%/);
    await app.manager.getByRole('button', { name: '2 hours' }).press('Enter');
    await look(app.manager, 'statistics-hours');
    await app.manager.getByRole('link', { name: 'Back' }).click();
  });
});
