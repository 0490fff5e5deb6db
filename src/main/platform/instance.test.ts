import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it, vi } from 'vitest';
import { askToShow, attach, type InstanceAnswer, openInstanceDoor } from './instance';
import { socketAddress } from './paths';

const host = (shown: () => InstanceAnswer) => ({
  shown,
  attached: (socket: Socket) => void socket.destroy(),
});
const key = (): string => `/test-${process.pid}-${Math.random()}`;

it('answers whoever asks, and nobody afterwards', async () => {
  const data = key();
  const shown = vi.fn(() => ({ shell: 'browser' as const, address: 'http://127.0.0.1:1/' }));
  const door = await openInstanceDoor(data, host(shown));
  expect(await askToShow(data)).toEqual({ shell: 'browser', address: 'http://127.0.0.1:1/' });
  expect(await askToShow(key())).toBeUndefined();
  expect(shown).toHaveBeenCalledTimes(1);
  await door.close();
  expect(await askToShow(data)).toBeUndefined();
});

it('is found by every name of the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-instance-'));
  await mkdir(join(folder, 'data'));
  await symlink(join(folder, 'data'), join(folder, 'link'));
  const door = await openInstanceDoor(
    join(folder, 'data'),
    host(() => ({ shell: 'electron', address: null })),
  );
  for (const name of ['data', 'link', 'data/../data']) {
    expect(await askToShow(`${folder}/${name}`)).toEqual({ shell: 'electron', address: null });
  }
  expect(await askToShow(relative(process.cwd(), join(folder, 'data')))).toBeDefined();
  await door.close();
  await rm(folder, { recursive: true });
});

it('is not confused by other talk', async () => {
  const data = key();
  const shown = vi.fn(() => ({ shell: 'browser' as const, address: null }));
  const door = await openInstanceDoor(data, host(shown));
  const address = await socketAddress(data);
  await new Promise<void>((resolve) => {
    const socket = connect(address, () => socket.write('x'.repeat(100)));
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  expect(shown).not.toHaveBeenCalled();
  expect(await askToShow(data)).toEqual({ shell: 'browser', address: null });
  await door.close();
});

it('hands the socket of a command line over, with everything that it said', async () => {
  const data = key();
  const attached: Socket[] = [];
  const shown = (): InstanceAnswer => ({ shell: 'browser', address: null });
  const door = await openInstanceDoor(data, { shown, attached: (socket) => void attached.push(socket) });
  const address = await socketAddress(data);
  const eager = connect(address, () => eager.write('attach\n{"more":1}\n'));
  eager.on('error', () => {});
  const polite = await attach(data);
  await expect.poll(() => attached.length).toBe(2);
  const heard: string[] = [];
  for (const socket of attached) {
    socket.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
    socket.resume();
  }
  polite?.write('hello');
  await expect.poll(() => heard.sort()).toEqual(['hello', '{"more":1}\n']);
  const closed = new Promise((resolve) => polite?.once('close', resolve));
  polite?.resume();
  await door.close();
  await closed;
  expect(await attach(data)).toBeUndefined();
});
