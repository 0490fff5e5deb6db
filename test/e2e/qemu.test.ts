import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { chromiumProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import {
  chooseFromMenu,
  createFromGallery,
  machineItem,
  typeOnScreen,
  waitForScreen,
  waitForSerial,
} from '../helpers/ui';

const missing = [
  chromiumProgram === undefined && 'Chromium',
  findProgram('qemu-system-x86_64', 'qemu-system-i386') === undefined && 'QEMU',
  !fs.existsSync('resources/guests/starter-linux.iso') && 'Starter Linux',
].filter((name) => name !== false);
if (missing.length > 0) sayWhySkipped('a person with QEMU', `${missing.join(' and ')} is missing`);

const screenshots = path.resolve('test-results/screenshots');

describe.skipIf(missing.length > 0)('a person who chooses QEMU', () => {
  let app: AppUnderTest | undefined;
  let removeData: (() => Promise<void>) | undefined;

  afterEach(async (context) => {
    if (context.task.result?.state === 'fail')
      await app?.manager.screenshot({ path: `${screenshots}/failed-qemu.png` });
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
    await waitForSerial(console, /Starter Linux ready/, 90_000);

    // The answer is computed by the guest, from a question typed on its screen.
    const [a, b] = [1234 + Math.floor(Math.random() * 1000), 4321];
    await typeOnScreen(console, `echo "=$((${a}*${b}))=" > /dev/ttyS0`);
    await waitForSerial(console, new RegExp(`=${a * b}=`), 30_000);
    await console.screenshot({ path: `${screenshots}/console-qemu.png` });

    const item = machineItem(app.manager, 'On QEMU');
    await item.click();
    await app.manager.locator('[data-action="pause"]').click();
    await expect.poll(() => item.innerText()).toMatch(/Paused/);
    await app.manager.locator('[data-action="resume"]').click();
    await expect.poll(() => item.innerText()).toMatch(/Running/);
    await typeOnScreen(console, `kept=${a}`);
    await app.manager.locator('[data-action="save"]').click();
    await expect.poll(() => item.innerText(), { timeout: 30_000 }).toMatch(/Saved/);

    await console.getByTestId('console-start').click();
    await waitForScreen(console);
    // What only the memory of the guest knows.
    await typeOnScreen(console, 'echo "<$kept>" > /dev/ttyS0');
    await waitForSerial(console, new RegExp(`<${a}>`), 30_000);

    await chooseFromMenu(console, 'machine', /Power off/);
    await console
      .getByRole('dialog')
      .getByRole('button', { name: /Power off/ })
      .click();
    await expect.poll(() => item.innerText(), { timeout: 20_000 }).toMatch(/Off/i);
  });
});
