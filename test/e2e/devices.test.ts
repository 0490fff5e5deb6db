import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';

const missing = [
  chromiumProgram === undefined && 'Chromium',
  findProgram('qemu-system-x86_64') === undefined && 'QEMU',
].filter((name) => name !== false);
if (missing.length > 0) sayWhySkipped('a person and devices', `${missing.join(' and ')} is missing`);

const screenshots = path.resolve('test-results/screenshots');

async function openSettings(manager: Page): Promise<void> {
  await manager
    .getByRole('button', { name: 'Settings' })
    .or(manager.getByRole('link', { name: 'Settings' }))
    .first()
    .click();
}

describe.skipIf(missing.length > 0)('a person who changes the devices of a machine', () => {
  let app: AppUnderTest | undefined;
  let removeData: (() => Promise<void>) | undefined;

  afterEach(async (context) => {
    if (context.task.result?.state === 'fail') {
      await app?.manager.screenshot({ path: `${screenshots}/failed-devices.png` });
    }
    await app?.close();
    await removeData?.();
  });

  it('adds disks and network cards while it runs, and removes a disk when it is off', async () => {
    const data = await temporaryFolder('e2e-devices');
    removeData = data.remove;
    await prepareMachines(data.path, [
      {
        name: 'Growing',
        engine: 'qemu',
        architecture: 'x86_64',
        guest: 'debian',
        memoryMiB: 64,
        drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
      },
    ]);
    app = await startBrowserApp({ dataFolder: data.path });
    const { manager } = app;
    const item = machineItem(manager, 'Growing');
    await item.click();
    await manager.locator('[data-action="start"]').click();
    await expect.poll(() => item.innerText()).toMatch(/Running/);
    await openSettings(manager);
    await manager.getByRole('link', { name: 'Storage' }).click();

    await manager.getByTestId('add-disk').click();
    const dialog = manager.getByRole('dialog');
    await dialog.getByTestId('add-disk-size').fill('64');
    expect(await seriousViolations(manager)).toEqual([]);
    await manager.screenshot({ path: `${screenshots}/devices-add-disk.png` });
    await dialog.getByTestId('add-disk-confirm').click();
    await manager.getByText('The disk has been added.').first().waitFor();
    const removeDisk = manager.getByRole('button', { name: 'Remove disk 1…' });
    await removeDisk.waitFor();
    expect(await removeDisk.isEnabled()).toBe(true);
    // What has to wait says so.
    expect(await manager.getByRole('combobox', { name: 'Bus of disk 1' }).isDisabled()).toBe(true);
    await manager.screenshot({ path: `${screenshots}/devices-storage-running.png` });

    await manager.getByRole('link', { name: 'Network', exact: true }).click();
    await manager.getByTestId('add-nic').click();
    const network = manager.getByRole('combobox', { name: 'Network of card 1' });
    await expect.poll(() => network.innerText()).toContain('NAT');
    await network.press('Enter');
    await manager.getByRole('option', { name: 'None' }).click();
    await expect.poll(() => network.innerText()).toContain('None');
    const cable = manager.getByRole('switch', { name: 'Cable of card 1' });
    await cable.click();
    await expect.poll(() => cable.getAttribute('aria-checked')).toBe('false');
    await manager.screenshot({ path: `${screenshots}/devices-network-running.png` });

    await manager.getByRole('link', { name: 'Library' }).click();
    await item.click();
    await manager.locator('[data-action="powerOff"]').click();
    await manager
      .getByRole('dialog')
      .getByRole('button', { name: /Power off/ })
      .click();
    await expect.poll(() => item.innerText()).toMatch(/Off/i);
    await openSettings(manager);
    await manager.getByRole('link', { name: 'Network', exact: true }).click();
    const mac = manager.getByRole('textbox', { name: 'Hardware address' });
    await mac.fill('53:54:00:12:34:56');
    await manager.getByText('The second digit must be even.').waitFor();
    await mac.fill('52:54:00:12:34:56');
    await mac.press('Tab');
    // What says for a moment what has been done takes the keyboard in a way that is not ours.
    await manager.getByText('The disk has been added.').first().waitFor({ state: 'detached' });
    expect(await seriousViolations(manager)).toEqual([]);

    await manager.getByRole('link', { name: 'Storage' }).click();
    await manager.getByRole('button', { name: 'Add a CD/DVD drive' }).click();
    await manager.getByRole('button', { name: 'Remove: CD/DVD drive 2' }).click();
    expect(await seriousViolations(manager)).toEqual([]);
    await removeDisk.click();
    await manager.locator('[data-choice="erase"]').click();
    await manager.getByText('This machine has no hard disk.').waitFor();
  });
});
