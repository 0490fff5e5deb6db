import fs from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { contentsOf } from '../helpers/snapshots';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';

const screenshots = path.resolve('test-results/screenshots');
const mebibyte = 2 ** 20;

if (!chromiumProgram) sayWhySkipped('disks and clones through the user interface', 'Chromium is missing');

describe.skipIf(!chromiumProgram)('cloning, templates, and the page of disks', () => {
  let app: AppUnderTest;
  let manager: Page;
  let data: string;
  let removeData: () => Promise<void>;
  /** The image that “Server” begins with. */
  let image: string;

  beforeAll(async () => {
    const folder = await temporaryFolder('disks');
    data = folder.path;
    removeData = folder.remove;
    const disks = [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' as const }];
    const iso = path.join(data, 'media', 'system-12.iso');
    await fs.mkdir(path.dirname(iso));
    await fs.writeFile(iso, new Uint8Array(3 * mebibyte).fill(1));
    await prepareMachines(data, [
      {
        name: 'Server',
        engine: 'fake',
        disks,
        drives: [{ id: 'cd0', kind: 'cdrom', path: iso }],
        nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:00:00:01', connected: true, network: null }],
      },
      { name: 'Workstation', engine: 'fake', disks },
    ]);
    for (const name of (await fs.readdir(path.join(data, 'machines'))).sort()) {
      const own = path.join(data, 'machines', name, 'disks');
      await fs.mkdir(own);
      await createQcow2(path.join(own, 'disk0.qcow2'), { virtualSize: 64 * mebibyte });
      image ??= path.join(own, 'disk0.qcow2');
    }
    const disk = await openDisk(image, { readOnly: false });
    await disk.write(0, new Uint8Array(30 * mebibyte).fill(7));
    await disk.write(mebibyte, new Uint8Array(28 * mebibyte));
    await disk.close();
    await fs.writeFile(path.join(path.dirname(image), 'old-copy.qcow2'), await fs.readFile(image));
    app = await startBrowserApp({ dataFolder: data, env: { VIVARIUM_DEVELOPMENT: '1' } });
    manager = app.manager;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await manager?.screenshot({ path: path.join(screenshots, `failed-disks-${task.name.slice(0, 20)}.png`) });
    // What follows is tried all the same.
    for (let time = 0; time < 2; time++) await manager?.keyboard.press('Escape');
  });
  afterAll(async () => {
    await app?.close();
    await removeData?.();
  });

  /** The page as it looks in both themes and in both sizes; nothing in it may be a barrier. */
  async function look(name: string): Promise<void> {
    // Messages in the corner come and go by themselves; what they are made of is looked at elsewhere.
    const messages = manager.getByRole('region', { name: /Notifications/ }).getByRole('listitem');
    await expect.poll(() => messages.count()).toBe(0);
    // The button that was just clicked is looked at as it is without the pointer over it.
    await manager.mouse.move(2, 2);
    for (const colorScheme of ['light', 'dark'] as const) {
      await manager.emulateMedia({ colorScheme });
      for (const [width, height] of [
        [1920, 1080],
        [1280, 800],
      ] as const) {
        await manager.setViewportSize({ width, height });
        await manager.waitForTimeout(150);
        const file = `disks-${name}-${colorScheme}-${width}.png`;
        await manager.screenshot({ path: path.join(screenshots, file), animations: 'disabled' });
        expect(
          await manager.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        ).toBeLessThanOrEqual(0);
      }
      expect(await seriousViolations(manager)).toEqual([]);
    }
    await manager.emulateMedia({ colorScheme: 'light' });
  }
  const goTo = (link: string): Promise<void> =>
    manager.getByRole('navigation').getByRole('link', { name: link }).click();
  const choose = async (machine: string, entry: string): Promise<void> => {
    await machineItem(manager, machine).first().click({ button: 'right' });
    await manager.getByRole('menuitem', { name: entry, exact: true }).click();
  };
  const cloneName = () => manager.getByLabel('Name', { exact: true });
  const row = (name: string) => manager.locator('[data-image]').filter({ hasText: name });
  const action = (name: string) => manager.locator(`[data-testid="image-details"] [data-action="${name}"]`);

  it('a linked clone is made from the library by mouse and keyboard', async () => {
    await choose('Server', 'Clone…');
    await cloneName().waitFor();
    expect(await cloneName().inputValue()).toBe('Server copy');
    await manager.getByText('Disks of its own; about').waitFor();
    await look('clone-dialog');
    await manager.getByText('Linked clone', { exact: true }).click();
    await cloneName().fill('Server 2');
    await manager.keyboard.press('Enter');
    await machineItem(manager, 'Server 2').waitFor();
    await machineItem(manager, 'Server 2').click();
    await manager.getByText('Linked clone of “Server”').waitFor();
    await look('clone-details');
  });

  it('a template is not started; new machines come from it', async () => {
    await choose('Workstation', 'Make it a template');
    await manager
      .locator('[data-machine]')
      .filter({ hasText: 'Workstation' })
      .locator('[data-template]')
      .waitFor();
    await machineItem(manager, 'Workstation').click();
    expect(await manager.locator('[data-details-action="start"]').count()).toBe(0);
    await manager.locator('[data-details-action="fromTemplate"]').click();
    await cloneName().fill('From the template');
    await manager.getByTestId('clone-machine-confirm').click();
    await machineItem(manager, 'From the template').waitFor();
    await choose('Workstation', 'Make it an ordinary machine');
    await manager.locator('[data-details-action="start"]').waitFor();
  });

  it('deleting a machine says who has its images, too', async () => {
    await machineItem(manager, 'Server').first().click();
    await manager.keyboard.press('Delete');
    await manager.getByText('Its disk images are shared with: Server 2.').waitFor();
    await manager.keyboard.press('Escape');
    await manager.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('the page shows every image with its use and state', async () => {
    await goTo('Disks');
    await row('old-copy.qcow2').waitFor();
    expect(await row('old-copy.qcow2').innerText()).toMatch(/Orphaned/);
    expect(await row('system-12.iso').innerText()).toMatch(/Drive of “Server”/);
    await row('disk0.qcow2').first().click();
    await look('page');
    await manager.locator('[data-filter="attention"]').click();
    expect(await manager.locator('[data-image]').count()).toBe(1);
    await manager.locator('[data-filter="all"]').click();
    // By keyboard: down the list, with the details following.
    await manager.locator('[data-image]').first().focus();
    await manager.keyboard.press('End');
    expect(await manager.getByTestId('image-details').innerText()).toMatch(/system-12\.iso/);
  });

  it('an image is checked and compacted, and its contents stay', async () => {
    await goTo('Library');
    await machineItem(manager, 'Workstation').click();
    await manager.keyboard.press('Delete');
    await manager.locator('[data-choice="erase"]').click();
    await machineItem(manager, 'Workstation').waitFor({ state: 'detached' });
    await goTo('Disks');
    const present = row('disk0-').filter({ hasText: 'Disk 1, as it is now' });
    await present.first().click();
    await action('check').click();
    await manager.getByTestId('image-check').waitFor();
    expect(await manager.getByTestId('image-check').innerText()).toMatch(/No mistakes/);
    await row('old-copy.qcow2').click();
    await action('repair').click();
    await manager.getByText('The image is repaired').first().waitFor();
    // It is looked at once more, and nothing else can be done with it until then.
    await manager.getByTestId('image-check').waitFor();
    const copy = path.join(path.dirname(image), 'old-copy.qcow2');
    expect((await fs.stat(copy)).size).toBeLessThan(4 * mebibyte);
    expect(Buffer.compare(await contentsOf(copy), await contentsOf(image))).toBe(0);
  });

  it('an image is copied into a file that needs no other', async () => {
    await goTo('Disks');
    await manager.locator(`[data-image="${image}"]`).click();
    await action('export').click();
    await manager.getByLabel('Folder', { exact: true }).fill(data);
    await manager.getByText('Raw', { exact: true }).click();
    await manager.getByLabel('File name').fill('server.img');
    await look('export-dialog');
    await manager.getByTestId('export-image-confirm').click();
    await manager.getByText('“server.img” was written').first().waitFor();
    expect(Buffer.compare(await fs.readFile(path.join(data, 'server.img')), await contentsOf(image))).toBe(0);
  });

  it('everything is checked, and what nobody needs is removed when a person says so', async () => {
    await goTo('Disks');
    await manager.getByTestId('verify').click();
    await manager.getByTestId('verify-report').waitFor();
    expect(await manager.getByTestId('verify-report').innerText()).toMatch(/old-copy\.qcow2/);
    await look('verify');
    await row('old-copy.qcow2').click();
    await action('remove').click();
    await manager.locator('[data-choice="erase"]').click();
    await row('old-copy.qcow2').waitFor({ state: 'detached' });
    await manager.getByTestId('verify').click();
    await expect
      .poll(() =>
        manager
          .getByTestId('verify-report')
          .innerText()
          .catch(() => ''),
      )
      .toMatch(/in order/);
  });

  it('a disk gets bigger, and not smaller while snapshots need it as it is', async () => {
    await goTo('Disks');
    await row('disk0-').filter({ hasText: 'Disk 1, as it is now' }).first().click();
    await action('resize').click();
    await manager.getByLabel('New capacity in GiB').fill('0.03');
    await manager.getByText('This is less than the 64 MiB that it has now.').waitFor();
    await manager.getByLabel('New capacity in GiB').fill('1');
    await manager.getByTestId('resize-disk-confirm').click();
    await expect
      .poll(async () =>
        (await manager.locator('[data-image][aria-selected="true"]').innerText()).includes('1 GiB'),
      )
      .toBe(true);
    await action('resize').click();
    await manager.getByLabel('New capacity in GiB').fill('0.5');
    await manager.getByTestId('resize-disk-confirm').click();
    await manager.getByText('1 GiB → 512 MiB').waitFor();
    await manager.getByRole('button', { name: 'Make smaller' }).click();
    await manager.getByText('has snapshots, so its disks cannot become smaller').waitFor();
    await manager.getByRole('button', { name: 'Dismiss' }).click();
  });

  it('a machine is moved into another folder', async () => {
    const into = path.join(data, 'elsewhere');
    await fs.mkdir(into);
    await goTo('Library');
    await choose('From the template', 'Move…');
    await manager.getByLabel('Location').fill(into);
    await manager.keyboard.press('Enter');
    await manager.getByText('There are no folders in here.').waitFor();
    await manager.getByRole('button', { name: 'Use this folder' }).click();
    await manager.getByText(`Into: ${into}`).waitFor();
    await look('move');
    await manager.locator('[data-choice="yes"]').click();
    const moved = async (): Promise<string> => (await fs.readdir(into)).join();
    await expect.poll(moved, { timeout: 15_000 }).toMatch(/^from-the-template-\w+$/);
    await machineItem(manager, 'From the template').click();
    await manager.locator('[data-details-action="start"]').waitFor();
  });
});
