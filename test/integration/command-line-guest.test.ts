import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CommandLine, commandLine } from '../helpers/command-line';
import { findProgram } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** A session at the command line with a real guest: Starter Linux on the embedded engine. */

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cli: CommandLine;

beforeAll(async () => {
  folder = await temporaryFolder('command-line-guest');
  cli = commandLine(join(folder.path, 'data'));
});
afterAll(async () => {
  await cli.end();
  await folder.remove();
});

/** What comes out of the machine's console when that goes in, until it contains `until`. */
async function atConsole(input: string, until: RegExp): Promise<string> {
  const child = spawn(process.execPath, [...cli.words, 'console', 'Trial'], { env: cli.env });
  let heard = '';
  child.stdout.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  child.stdin.write(input);
  await expect.poll(() => heard).toMatch(until);
  child.stdin.end();
  await new Promise((ended) => child.once('exit', ended));
  return heard;
}

it('makes a machine of the gallery, works in it, and ends it', async () => {
  // Where it is there: the guest starts in a fifth of the time.
  const engine = findProgram('qemu-system-i386') ? 'qemu' : 'v86';
  const made = await cli.run('create', 'Trial', '--gallery', 'starter-linux', '--engine', engine, '--start');
  expect(made).toMatchObject({ status: 0, error: '' });
  expect(await cli.run('wait', 'Trial', '--for', 'shell')).toMatchObject({ status: 0, error: '' });
  await atConsole('echo $((6*7))-$((2*3))\r', /42-6/);

  const address = await cli.run('wait', 'Trial', '--for', 'address');
  expect(address).toMatchObject({ status: 0, out: expect.stringMatching(/^10\.86\.0\.\d+$/) as string });
  const picture = join(folder.path, 'screen.png');
  expect(await cli.run('screenshot', 'Trial', '--to', picture)).toMatchObject({ status: 0 });
  expect((await readFile(picture)).length).toBeGreaterThan(1000);

  // A way is made for as long as ssh runs, which finds nobody at home here.
  const ssh = await cli.run('ssh', 'Trial', '--user', 'ada', '--', '-o', 'ConnectTimeout=20', 'true');
  expect(ssh.status).toBe(findProgram('ssh') ? 255 : 8);
  expect(ssh.error).toMatch(/127\.0\.0\.1|no ssh/);
  expect((await cli.run('forward', 'list')).out).toBe('');
  expect(await cli.run('forward', 'add', 'Trial', '24623:22')).toMatchObject({ status: 0 });
  expect((await cli.run('forward', 'list', 'Trial')).out).toMatch(/127\.0\.0\.1:24623 +Trial +22/);

  expect(await cli.run('capture', 'start', 'nat')).toMatchObject({ status: 0 });
  await atConsole('ping -c 1 10.86.0.1\r', /1 packets received/);
  expect((await cli.run('capture', 'packets', 'nat', '0', '1000', 'icmp')).out).toMatch(/ICMP/i);
  expect(await cli.run('capture', 'save', 'nat', 'icmp')).toMatchObject({
    status: 0,
    out: expect.stringContaining('.pcapng') as string,
  });

  expect(await cli.run('snapshot', 'take', 'Trial', '--memory', '--name', 'here')).toMatchObject({
    status: 0,
  });
  await atConsole('touch /tmp/gone; echo do""ne\r', /done/);
  expect(await cli.run('snapshot', 'restore', 'Trial', 'here')).toMatchObject({ status: 0 });
  // It goes on at once, as it ran when the snapshot was taken.
  expect(await cli.run('wait', 'Trial', '--for', 'shell')).toMatchObject({ status: 0 });
  await atConsole('ls /tmp/gone || echo never-was\r', /\nnever-was/);

  expect(await cli.run('stop', 'Trial', '--wait', '--timeout', '120')).toMatchObject({ status: 0 });
  expect(await cli.json('show', 'Trial')).toMatchObject({ state: 'off' });
  expect(await cli.run('delete', 'Trial', 'erase')).toMatchObject({ status: 0 });
});
