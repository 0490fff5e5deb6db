import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp, startElectronApp } from '../helpers/app';
import { chromiumProgram, electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import {
  chooseFromMenu,
  createFromGallery,
  machineItem,
  typeOnScreen,
  waitForScreen,
  waitForSerial,
} from '../helpers/ui';

const iso = fs.existsSync('resources/guests/starter-linux.iso');
const shells = [
  { name: 'browser mode', start: startBrowserApp, possible: chromiumProgram !== undefined },
  {
    name: 'Electron',
    start: startElectronApp,
    possible: electronProgram !== undefined && findProgram('Xvfb') !== undefined,
  },
];

const screenshots = path.resolve('test-results/screenshots');

describe.each(shells)('a person in $name', ({ name, start, possible }) => {
  let app: AppUnderTest | undefined;
  let cleanUp: (() => Promise<void>) | undefined;
  if (!possible) sayWhySkipped(`end-to-end in ${name}`, 'the program to run it in is missing');
  if (!iso) sayWhySkipped(`end-to-end in ${name}`, 'Starter Linux has not been built');

  afterEach(async (context) => {
    if (context.task.result?.state === 'fail')
      await app?.manager.screenshot({ path: `${screenshots}/failed-${name}.png` });
    await app?.close();
    await cleanUp?.();
  });

  it.skipIf(!possible || !iso)(
    'creates a machine, uses its screen, keeps a file on its disk, and finds it again',
    async () => {
      const data = await temporaryFolder('e2e');
      cleanUp = data.remove;
      app = await start({ dataFolder: data.path });
      await app.manager.getByText('Grow your first machine').waitFor();

      const console = await createFromGallery(app, 'starter-linux', 'My first');
      await waitForScreen(console);
      await waitForSerial(console, /Starter Linux ready/);

      // The answer is computed by the guest, from a question typed on its screen.
      const [a, b] = [1234 + Math.floor(Math.random() * 1000), 4321];
      await typeOnScreen(console, `echo "=$((${a}*${b}))=" > /dev/ttyS0`);
      await waitForSerial(console, new RegExp(`=${a * b}=`));

      // The shell is there before the drivers are.
      const secret = `secret-${a}`;
      await typeOnScreen(
        console,
        'd=/dev/sda; until [ -b $d ]; do sleep 1; done; mke2fs -q $d && mount $d /mnt',
      );
      await typeOnScreen(console, `echo ${secret} > /mnt/note; umount /mnt && echo written > /dev/ttyS0`);
      await waitForSerial(console, /written/);
      await console.screenshot({ path: `${screenshots}/console-${name}.png` });
      await app.manager.screenshot({ path: `${screenshots}/library-${name}.png` });

      await chooseFromMenu(console, 'machine', /Shut down/);
      await console.getByTestId('console-start').waitFor();
      await expect.poll(() => machineItem(app?.manager as never, 'My first').innerText()).toMatch(/Off/i);

      await console.getByTestId('console-start').click();
      await waitForScreen(console);
      await waitForSerial(console, /started again[^]*Starter Linux ready/);
      await typeOnScreen(console, 'd=/dev/sda; until [ -b $d ]; do sleep 1; done; mount $d /mnt');
      await typeOnScreen(console, 'cat /mnt/note > /dev/ttyS0');
      await waitForSerial(console, new RegExp(secret));
    },
  );
});
