import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { findProgram, sayWhySkipped } from '../../../../../../test/helpers/programs';
import { temporaryFolder } from '../../../../../../test/helpers/temp-folder';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import { QemuProcess } from './qemu-process';

const qemu = findProgram('qemu-system-x86_64') ?? findProgram('qemu-system-i386');
const possible = process.platform === 'linux' && qemu !== undefined && findProgram('setpriv') !== undefined;
if (!possible) sayWhySkipped('signals to QEMU', 'it is Linux only, with QEMU');

const cleaning: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

it.skipIf(!possible)('goes on through what ends a session, and ends when it is told to', async () => {
  const folder = await temporaryFolder('qemu-process');
  cleaning.push(folder.remove);
  const socket = path.join(folder.path, 'q');
  const args = [
    '-machine',
    'none',
    '-nodefaults',
    '-display',
    'none',
    '-qmp',
    `unix:${socket},server=on,wait=off`,
  ];
  const child = await QemuProcess.start(qemu ?? '', args, folder.path, () => {});
  cleaning.push(async () => {
    child.kill();
    await child.ended;
  });
  const client = await QmpClient.connect({ path: socket }, { timeoutMs: 60_000, signal: child.gone });
  cleaning.push(async () => client.close());
  const pid = child.pid ?? 0;
  // A terminal's Ctrl+C is for the group of whoever it was typed to.
  expect(Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)]))).toBe(pid);
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGHUP');
  // Whatever came to QEMU has been looked at when it has answered twice.
  for (let asked = 0; asked < 2; asked++) {
    expect(await client.execute('query-status', {})).toMatchObject({ running: true });
  }
  await child.end();
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
});
