import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { portOwner, socketsOf } from './port-owner';

describe('the owner of a port', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  it('is read from Linux’s tables, of those that listen only', () => {
    const line = (local: string, state: string, inode: number): string =>
      `   0: 0100007F:${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0`;
    const table = [
      '  sl  local_address …',
      line('1F90', '0A', 71),
      line('1F90', '01', 72),
      line('1F91', '0A', 73),
      '',
    ].join('\n');
    expect(socketsOf(table, 'tcp', 8080)).toEqual(['71']);
    expect(socketsOf(table, 'udp', 8080)).toEqual(['71', '72']);
    expect(socketsOf('nonsense', 'tcp', 8080)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('is this program, or another one', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await portOwner('tcp', port)).toMatchObject({ pid: process.pid });
    await new Promise((resolve) => server.close(resolve));
    expect(await portOwner('tcp', port)).toBeUndefined();

    const script = `const s = require('dgram').createSocket('udp4'); s.bind(0, '127.0.0.1', () => console.log(s.address().port));`;
    const started = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    const udpPort = await new Promise<number>((resolve) =>
      started.stdout.once('data', (data: Buffer) => resolve(Number(data.toString()))),
    );
    expect(await portOwner('udp', udpPort)).toEqual({ program: 'node', pid: started.pid });
  });
});
