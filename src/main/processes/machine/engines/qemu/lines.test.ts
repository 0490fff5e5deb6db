import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../../test/helpers/temp-folder';
import { connectLines } from './lines';
import { pipesFor, type QemuSockets, socketsIn } from './sockets';

const servers: Server[] = [];
const accepted: Socket[] = [];
let folder: string;
let remove: () => Promise<void>;

beforeEach(async () => ({ path: folder, remove } = await temporaryFolder('lines')));
afterEach(async () => {
  for (const socket of accepted.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  await remove();
});

/** Opens an address and waits until somebody has connected, as QEMU does with a named pipe. */
function open(address: string): Promise<void> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => {});
      socket.resume();
      resolve();
    });
    servers.push(server);
    server.listen(address);
  });
}

/** Addresses that every system has. */
const addresses = (): QemuSockets =>
  process.platform === 'win32' ? pipesFor(folder, `test-${process.pid}`) : socketsIn(folder);

describe('the connections to a QEMU', () => {
  it('are made although it opens each of them only after the one before', async () => {
    const sockets = addresses();
    const lines = connectLines(sockets, { serialPorts: 2, clipboard: 'both' }, new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const address of [sockets.serial(0), sockets.serial(1), sockets.clipboard]) await open(address);
    const { serial, clipboard } = await lines;
    expect(serial).toHaveLength(2);
    expect(clipboard?.destroyed).toBe(false);
    for (const socket of [...serial, clipboard]) socket?.destroy();
  });

  it('are none where nothing is asked for', async () => {
    const lines = connectLines(
      addresses(),
      { serialPorts: 0, clipboard: 'off' },
      new AbortController().signal,
    );
    expect(await lines).toEqual({ serial: [], clipboard: undefined });
  });

  it('are closed when QEMU has gone before all of them were there', async () => {
    const sockets = addresses();
    const gone = new AbortController();
    const lines = connectLines(sockets, { serialPorts: 2, clipboard: 'off' }, gone.signal);
    await open(sockets.serial(0));
    const closed = new Promise((resolve) => accepted[0]?.once('close', resolve));
    gone.abort();
    await expect(lines).rejects.toMatchObject({ code: 'cancelled' });
    await closed;
  });
});

describe('the addresses on Windows', () => {
  it('are pipes with names of their own, and say what there is not', () => {
    const pipes = pipesFor(join('x', 'q-1'), 'abc');
    const names = [pipes.control, pipes.clipboard, pipes.serial(0), pipes.serial(1)];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^\\\\\.\\pipe\\vivarium-abc-\w+$/);
    expect([pipes.screen, pipes.migration, pipes.agent, pipes.monitor]).toEqual([null, null, null, null]);
  });
});
