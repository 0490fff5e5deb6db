import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sshForward, sshUser } from '@shared/network/ssh';
import { sshArguments, sshUserOf } from './ssh';

const call = { place: { host: '127.0.0.1', port: 2222 }, machine: 'm', folder: '/data/ssh', rest: [] };

it('knows a guest by its machine, not by the port that leads there', () => {
  expect(sshArguments({ ...call, user: 'ada', rest: ['uname', '-a'] })).toEqual([
    '-p',
    '2222',
    '-o',
    'UserKnownHostsFile="/data/ssh/known_hosts"',
    '-o',
    'HostKeyAlias=vivarium-m',
    '-o',
    'StrictHostKeyChecking=accept-new',
    '-o',
    'CheckHostIP=no',
    '-l',
    'ada',
    '127.0.0.1',
    'uname',
    '-a',
  ]);
  expect(sshArguments({ ...call, user: undefined })).not.toContain('-l');
  const odd = sshArguments({ ...call, folder: '/a "b" 100%', user: undefined });
  expect(odd).toContain('UserKnownHostsFile="/a \\"b\\" 100%%/known_hosts"');
});

it('takes no name that ssh would take for an option', () => {
  for (const name of ['ada', 'Ada_1', 'DOMAIN\\ada', 'ada@corp', 'müller']) {
    expect(sshUser.safeParse(name).success).toBe(true);
  }
  for (const name of ['', '-oProxyCommand=x', 'a b', 'a\nb', '$(x)', 'a;b', 'x'.repeat(65)]) {
    expect(sshUser.safeParse(name).success).toBe(false);
  }
});

it('remembers who logged in last, and does not believe what stands there further than that', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'vivarium-ssh-'));
  const folder = join(parent, 'ssh');
  expect(await sshUserOf(folder, undefined)).toBeUndefined();
  expect(await sshUserOf(folder, 'ada')).toBe('ada');
  expect(await sshUserOf(folder, undefined)).toBe('ada');
  expect(await readFile(join(folder, 'user'), 'utf8')).toBe('ada\n');
  await writeFile(join(folder, 'user'), '-oProxyCommand=x\n');
  expect(await sshUserOf(folder, undefined)).toBeUndefined();
  await rm(parent, { recursive: true });
});

it('finds the forward that leads to the secure shell', () => {
  const forward = {
    id: 'a',
    protocol: 'tcp',
    hostAddress: '0.0.0.0',
    hostPort: 8000,
    machine: 'm',
    guestPort: 20,
  } as const;
  const found = (changes: object) =>
    sshForward([{ forwards: [] }, { forwards: [{ ...forward, ...changes }] }], 'm');
  expect(found({ guestPort: 22 })).toEqual({ host: '127.0.0.1', port: 8000 });
  expect(found({ guestPort: 22, hostAddress: '192.0.2.1' })).toEqual({ host: '192.0.2.1', port: 8000 });
  expect(found({ count: 3 })).toEqual({ host: '127.0.0.1', port: 8002 });
  for (const changes of [
    {},
    { count: 2 },
    { guestPort: 22, protocol: 'udp' },
    { guestPort: 22, machine: 'n' },
  ]) {
    expect(found(changes)).toBeUndefined();
  }
});
