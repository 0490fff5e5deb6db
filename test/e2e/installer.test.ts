import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { buildNetbootIso, type NetbootIso } from '../guests/netboot.mjs';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, waitForScreen } from '../helpers/ui';

/** A system that is not ours, as a person sees it: Debian's installer, up to its first question. */

const screenshots = path.resolve('test-results/screenshots');
/** Long enough for a computer with many other things to do; an idle one needs a sixth of it. */
const patience = 420_000;
/** The guest draws its text in rows of 16 pixels. */
const rowHeight = 16;

async function installer(): Promise<NetbootIso | undefined> {
  try {
    return await buildNetbootIso();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PackagesUnavailable') throw error;
    sayWhySkipped('the Debian installer', error.message);
    return undefined;
  }
}

if (!chromiumProgram) sayWhySkipped('the Debian installer', 'Chromium is missing');
const iso = chromiumProgram ? await installer() : undefined;

interface Picture {
  width: number;
  height: number;
  /** Share of the pixels that have the grey of the installer's dialogs. */
  grey: number;
  /** The red bar of a chosen entry is there: an empty grey screen is not a menu. */
  bar: boolean;
  /** One number for each row of text: it changes with any pixel of the row. */
  rows: number[];
}

/** What the guest shows, as the console draws it. */
function look(page: Page): Promise<Picture> {
  return page.evaluate((rowPixels) => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="console-canvas"]');
    const context = canvas?.getContext('2d');
    if (!canvas?.width || !context) return { width: 0, height: 0, grey: 0, bar: false, rows: [] };
    const { width, height } = canvas;
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    let grey = 0;
    let red = 0;
    const rows: number[] = [];
    for (let top = 0; top < height; top += rowPixels) {
      let hash = 0;
      for (const pixel of pixels.subarray(top * width, (top + rowPixels) * width)) {
        hash = (Math.imul(hash, 31) + pixel) | 0;
        // As R, G, B from the lowest byte.
        if ((pixel & 0xffffff) === 0xaaaaaa) grey++;
        if ((pixel & 0xffffff) === 0x0000aa) red++;
      }
      rows.push(hash);
    }
    return { width, height, grey: grey / pixels.length, bar: red > 1000, rows };
  }, rowHeight);
}

const changedRows = (one: Picture, other: Picture): number[] =>
  one.rows.flatMap((hash, row) => (hash === other.rows[row] ? [] : [row]));

/** Looks until a picture is wanted and has stayed the same for a moment. */
async function settled(
  page: Page,
  wanted: (picture: Picture) => boolean,
  timeoutMs: number,
): Promise<Picture> {
  const deadline = Date.now() + timeoutMs;
  let last = await look(page);
  for (let same = 0; ;) {
    await page.waitForTimeout(400);
    const now = await look(page);
    same = wanted(now) && changedRows(last, now).length === 0 ? same + 1 : 0;
    if (same === 3) return now;
    last = now;
    if (Date.now() > deadline) {
      await page.screenshot({ path: `${screenshots}/failed-installer.png` });
      const { width, height, grey } = now;
      throw new Error(
        `The screen did not come; it shows ${width} × ${height}, ${grey.toFixed(2)} of it grey`,
      );
    }
  }
}

describe.skipIf(!iso)('the installer of Debian for i386', () => {
  let app: AppUnderTest | undefined;
  let removeData: (() => Promise<void>) | undefined;

  afterAll(async () => {
    await app?.close();
    await removeData?.();
  });

  it(
    'comes to its language menu in graphics, where the arrow keys lead down and up',
    async () => {
      const data = await temporaryFolder('installer');
      removeData = data.remove;
      await prepareMachines(data.path, [
        {
          name: 'Debian',
          guest: 'debian',
          memoryMiB: 512,
          boot: ['cdrom'],
          drives: [{ id: 'cd0', kind: 'cdrom', path: iso?.path ?? null }],
        },
      ]);
      app = await startBrowserApp({ dataFolder: data.path });
      const machine = machineItem(app.manager, 'Debian');
      // A double click starts a machine that is off, and opens its console.
      const page = await app.newWindow(() => machine.dblclick());
      await waitForScreen(page);

      // Text in graphics: the screen of the firmware and of DOS has 720 × 400.
      const isMenu = ({ width, height, grey, bar }: Picture): boolean =>
        width >= 800 && height >= 600 && grey > 0.2 && bar;
      const menu = await settled(page, isMenu, patience);
      await page.screenshot({ path: `${screenshots}/installer-menu.png` });

      await page.getByTestId('console-canvas').focus();
      await page.keyboard.press('ArrowDown', { delay: 20 });
      const moved = (picture: Picture): boolean => changedRows(menu, picture).length > 0;
      const below = await settled(page, (picture) => isMenu(picture) && moved(picture), patience / 4);
      await page.screenshot({ path: `${screenshots}/installer-down.png` });
      // The old choice and its neighbour, and perhaps two rows with the scroll bar's box: not another screen.
      const changed = changedRows(menu, below);
      expect(changed.some((row) => changed.includes(row + 1))).toBe(true);
      expect(changed.length).toBeLessThanOrEqual(4);

      await page.keyboard.press('ArrowUp', { delay: 20 });
      await settled(page, (picture) => isMenu(picture) && !moved(picture), patience / 4);
    },
    2 * patience,
  );
});
