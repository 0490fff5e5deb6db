import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { buildAmd64Iso } from '../guests/amd64.mjs';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { chromiumProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { prepareMachines } from '../helpers/prepared-machines';
import {
  chooseFromMenu,
  createFromGallery,
  machineItem,
  typeUntil,
  waitForScreen,
  waitForSerial,
} from '../helpers/ui';

const missing = [
  chromiumProgram === undefined && 'Chromium',
  findProgram('qemu-system-x86_64', 'qemu-system-i386') === undefined && 'QEMU',
  !fs.existsSync('resources/guests/starter-linux.iso') && 'Starter Linux',
].filter((name) => name !== false);
if (missing.length > 0) sayWhySkipped('a person with QEMU', `${missing.join(' and ')} is missing`);

/** Undefined, and said so, where Debian's packages cannot be had. */
async function wideGuest() {
  try {
    return missing.length === 0 && findProgram('qemu-system-x86_64') ? await buildAmd64Iso() : undefined;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PackagesUnavailable') throw error;
    sayWhySkipped('a 64-bit system with QEMU', error.message);
    return undefined;
  }
}
const iso = await wideGuest();

const screenshots = path.resolve('test-results/screenshots');

/** Copies a text, as a person does in another program. */
async function copy(page: Page, text: string): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.bringToFront();
  await page.evaluate((value) => navigator.clipboard.writeText(value), text);
}

async function typeClipboard(page: Page): Promise<void> {
  await page.getByTestId('menu-keys').click();
  await page.getByTestId('type-clipboard').click();
}

describe.skipIf(missing.length > 0)('a person who chooses QEMU', () => {
  let app: AppUnderTest | undefined;
  let removeData: (() => Promise<void>) | undefined;

  afterEach(async (context) => {
    if (context.task.result?.state === 'fail') {
      const pages = app?.manager.context().pages() ?? [];
      for (const [index, page] of pages.entries()) {
        await page
          .getByTestId('tab-screen')
          .click({ timeout: 1000 })
          .catch(() => undefined); // only consoles have it
        await page.screenshot({ path: `${screenshots}/failed-qemu-${index}.png` });
      }
    }
    await app?.close();
    await removeData?.();
  });

  it('types on the screen, saves the state, goes on from it, and powers off', async () => {
    const data = await temporaryFolder('e2e-qemu');
    removeData = data.remove;
    app = await startBrowserApp({ dataFolder: data.path });
    await app.manager.getByText('Grow your first machine').waitFor();
    const console = await createFromGallery(app, 'starter-linux', 'On QEMU', 'qemu');
    await waitForScreen(console);
    await waitForSerial(console, /Starter Linux ready/);

    // The answer is computed by the guest, from a question typed on its screen.
    const [a, b] = [1234 + Math.floor(Math.random() * 1000), 4321];
    await typeUntil(console, `expr ${a} \\* ${b} > /dev/ttyS0`, new RegExp(`${a * b}`));
    await console.screenshot({ path: `${screenshots}/console-qemu.png` });

    // A person who needs keys that are hard to get to the guest has them typed.
    await copy(console, `echo "~$((${b}-1))~" > /dev/ttyS0\n`);
    await typeClipboard(console);
    await waitForSerial(console, new RegExp(`~${b - 1}~`));

    // The monitor is for whoever asks for it, and led to by keys like every port.
    expect(await console.getByTestId('tab-monitor').count()).toBe(0);
    await console.getByTestId('menu-view').click();
    await console.getByRole('menuitemcheckbox', { name: /QEMU monitor/ }).click();
    await console.getByTestId('tab-monitor').waitFor();
    await console.keyboard.press('Control+Alt+Digit3');
    const monitor = console.getByTestId('monitor');
    await expect.poll(() => monitor.locator('.xterm-rows').innerText()).toContain('(qemu)');
    await console.keyboard.type('info name\n');
    await expect.poll(() => monitor.locator('.xterm-rows').innerText()).toMatch(/info.name\s+On.QEMU/);
    await console.screenshot({ path: `${screenshots}/console-qemu-monitor.png` });
    await console.keyboard.press('Control+Alt+Digit1');

    const item = machineItem(app.manager, 'On QEMU');
    await item.click();
    await app.manager.locator('[data-action="pause"]').click();
    await expect.poll(() => item.innerText()).toMatch(/Paused/);
    await console.getByTestId('console-notice').waitFor();
    await console.getByTestId('console-toolbar').getByRole('button', { name: 'Resume' }).click();
    // What is typed while the window still says “Paused” is not the guest's. Then every key is, at once and without
    // a click: the keyboard does not stay with the button.
    await console.getByTestId('console-notice').waitFor({ state: 'detached' });
    await console.keyboard.type(`kept=${a}\n`);
    await app.manager.locator('[data-action="save"]').click();
    await expect.poll(() => item.innerText()).toMatch(/Saved/);

    await console.getByTestId('console-start').click();
    await waitForScreen(console);
    // What only the memory of the guest knows.
    await typeUntil(console, 'echo kept-is-$kept > /dev/ttyS0', new RegExp(`kept-is-${a}`));

    await chooseFromMenu(console, 'machine', /Power off/);
    await console
      .getByRole('dialog')
      .getByRole('button', { name: /Power off/ })
      .click();
    await expect.poll(() => item.innerText()).toMatch(/Off/i);
  });

  it.skipIf(!iso)('sees a 64-bit system start by UEFI, which takes the size of the window', async () => {
    const data = await temporaryFolder('e2e-qemu');
    removeData = data.remove;
    await prepareMachines(data.path, [
      {
        name: 'Sixty-four',
        engine: 'qemu',
        architecture: 'x86_64',
        guest: 'debian',
        firmware: fs.existsSync('/usr/share/OVMF') ? 'uefi' : 'bios',
        memoryMiB: 512,
        boot: ['cdrom'],
        drives: [{ id: 'cd0', kind: 'cdrom', path: iso?.path ?? null }],
      },
    ]);
    app = await startBrowserApp({ dataFolder: data.path });
    const { manager } = app;
    const console = await app.newWindow(() => machineItem(manager, 'Sixty-four').dblclick());
    await console.setViewportSize({ width: 1200, height: 760 });
    await waitForScreen(console);
    await waitForSerial(console, /ready x86_64/);
    await typeUntil(console, 'echo typed > /dev/ttyS0', /typed/);

    // The text console of Linux takes its size when it begins, and the window had this one then.
    const box = await console.getByTestId('console-screen').boundingBox();
    const canvas = console.getByTestId('console-canvas');
    const size = () => canvas.evaluate((element: HTMLCanvasElement) => [element.width, element.height]);
    await expect.poll(size).toEqual([box?.width, box?.height]);
    await console.screenshot({ path: `${screenshots}/console-qemu-uefi.png` });
  });
});
