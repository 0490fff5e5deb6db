import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

if (!chromiumProgram) sayWhySkipped('the wizard in a closed tab', 'Chromium is missing');

describe.skipIf(!chromiumProgram)('a tab that is closed in the middle of the wizard', () => {
  let app: AppUnderTest;
  let data: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    data = await temporaryFolder('e2e-wizard');
    app = await startBrowserApp({ dataFolder: data.path });
  });
  afterAll(async () => {
    await app.close();
    await data.remove();
  });

  it('leaves nothing of the image that it uploaded', async () => {
    const media = () => fs.readdir(path.join(data.path, 'media'));
    await app.manager.getByText('Grow your first machine').waitFor();
    const page = await app.manager.context().newPage();
    await page.goto(new URL('/#/create?from=image', app.manager.url()).href);
    const floppy = new Uint8Array(1_474_560);
    floppy.set([0x55, 0xaa], 510);
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'mine.img', mimeType: 'application/octet-stream', buffer: Buffer.from(floppy) });
    await expect.poll(media).toEqual(['mine.img']);
    await page.close({ runBeforeUnload: false });
    await expect.poll(media).toEqual([]);
  });
});
