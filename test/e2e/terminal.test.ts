import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/main/platform/ssh';
import { startBrowserApp, startElectronApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { commandLine } from '../helpers/command-line';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { agentSocketIn, findSshServer, startSshServer } from '../helpers/ssh-server';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem } from '../helpers/ui';

const folder = path.resolve('test-results/screenshots');
const shells = [
  { shell: 'browser', theme: 'light', start: startBrowserApp, there: chromiumProgram !== undefined },
  {
    shell: 'electron',
    theme: 'dark',
    start: startElectronApp,
    there: electronProgram !== undefined && findProgram('Xvfb') !== undefined,
  },
] as const;
/** One can log in by a card; in no network, so that none is in use. */
const nic = {
  id: 'nic0',
  model: 'virtio' as const,
  mac: '52:54:00:00:02:01',
  connected: true,
  network: null,
};
const unpacked = await temporaryFolder('e2e-sshd');
afterAll(unpacked.remove);
const sshd = findProgram('ssh') && (await findSshServer(unpacked.path));
if (!sshd) sayWhySkipped('terminals', 'OpenSSH or its server is missing');

/**
 * The network is not in use here, so nothing of ours listens on the forward's port, and a real server can: what is
 * seen is the system's ssh in a real terminal, without the time that a guest takes.
 */
describe.skipIf(!sshd)('the terminal of a machine', () => {
  const cleaning: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });

  it.each(shells.filter(({ there }) => there))(
    'logs in by a forward: $shell',
    async ({ theme, start, shell }) => {
      if (!sshd) return;
      const data = await temporaryFolder('e2e-terminal');
      cleaning.push(data.remove);
      await prepareMachines(data.path, [{ name: 'Alpha', engine: 'fake', nics: [nic] }]);
      const port = await freePort();
      const keys = await temporaryFolder('e2e-ssh');
      cleaning.push(keys.remove);
      const app = await start({
        dataFolder: data.path,
        size: { width: 1280, height: 800 },
        colorScheme: theme,
        env: { VIVARIUM_DEVELOPMENT: '1', SSH_AUTH_SOCK: agentSocketIn(keys.path) },
      });
      cleaning.push(() => app.close());
      const { manager } = app;

      const cli = commandLine(data.path);
      const added = await cli.run('forward', 'add', 'Alpha', `${port}:22`, '--network', 'nat');
      expect(added).toMatchObject({ status: 0, error: '' });
      const server = await startSshServer(sshd, keys.path, port);
      cleaning.push(server.stop);
      await machineItem(manager, 'Alpha').click();
      await manager.locator('[data-action="start"]').click();
      await expect.poll(() => machineItem(manager, 'Alpha').innerText()).toMatch(/Running/);
      await manager.getByRole('navigation').getByRole('link', { name: 'Networks' }).click();
      await manager.getByRole('tab', { name: 'Port forwards', exact: true }).click();
      const forward = manager.locator('[data-forward]', { hasText: String(port) });
      const page = await app.newWindow(() => forward.locator('[data-action="ssh"]').click());
      await page.emulateMedia({ colorScheme: theme });

      const ssh = page.getByTestId('ssh');
      const shown = () =>
        ssh
          .locator('.xterm-rows')
          .innerText()
          .then((text) => text.replaceAll('\u00a0', ' '));
      const look = async (name: string): Promise<void> => {
        await page.mouse.move(0, 0); // off the button that was clicked
        await page.screenshot({
          path: path.join(folder, `terminal-${name}-${shell}.png`),
          animations: 'disabled',
        });
        expect(await seriousViolations(page)).toEqual([]);
      };
      // No name is taken for an option of ssh.
      await ssh.getByLabel('User').fill('-oProxyCommand=x');
      expect(await ssh.locator('[data-action="connect"]').isDisabled()).toBe(true);
      await ssh.getByLabel('User').fill(os.userInfo().username);
      await ssh.getByLabel('User').press('Enter');
      await ssh.locator('[data-action="disconnect"]').waitFor();
      await expect.poll(shown).toMatch(/Permanently added/);

      // What is typed goes there, and the shell knows how large its window is.
      await page.keyboard.type('echo lo""gged in $((6*7)); stty size\n');
      await expect.poll(shown).toMatch(/logged in 42\s+\d+ \d+/);
      await look('open');
      const columns = async (): Promise<number> =>
        Number([...(await shown()).matchAll(/^\d+ (\d+)\s*$/gm)].at(-1)?.[1]);
      const before = await columns();
      if (shell === 'browser') {
        await page.setViewportSize({ width: 900, height: 700 });
        await expect
          .poll(async () => {
            await page.keyboard.type('stty size\n');
            return columns();
          })
          .toBeLessThan(before);
      }

      await page.keyboard.type('exit\n');
      await expect.poll(shown).toMatch(/the connection has ended/);
      await server.stop();
      await ssh.locator('[data-action="connect"]').click();
      await expect.poll(shown).toMatch(/Connection refused/);
      await ssh.locator('[data-action="connect"]').waitFor();
      await look('ended');
    },
  );
});
