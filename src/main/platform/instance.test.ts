import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it, vi } from 'vitest';
import { askToOpen, askToShow, askToYield, type InstanceAnswer, openInstanceDoor, reach } from './instance';
import { socketAddress } from './paths';

const here: InstanceAnswer = { shell: 'browser', address: 'http://127.0.0.1:1/', version: '1.2.3' };
const host = (show: () => void = () => {}) => ({
  about: () => here,
  show,
  attached: (socket: Socket) => void socket.destroy(),
});
const key = (): string => `/test-${process.pid}-${Math.random()}`;

it('answers whoever asks, and nobody afterwards', async () => {
  const data = key();
  const show = vi.fn();
  const door = await openInstanceDoor(data, host(show));
  expect(await askToShow(data)).toEqual(here);
  expect(await askToShow(key())).toBeUndefined();
  expect(show).toHaveBeenCalledTimes(1);
  await door.close();
  expect(await askToShow(data)).toBeUndefined();
});

it('is found by every name of the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-instance-'));
  await mkdir(join(folder, 'data'));
  await symlink(join(folder, 'data'), join(folder, 'link'));
  const door = await openInstanceDoor(join(folder, 'data'), host());
  for (const name of ['data', 'link', 'data/../data']) {
    expect(await askToShow(`${folder}/${name}`)).toEqual(here);
  }
  expect(await askToShow(relative(process.cwd(), join(folder, 'data')))).toBeDefined();
  await door.close();
  await rm(folder, { recursive: true });
});

it('is found from outside of the session that it was opened in', async () => {
  const data = key();
  const session = await mkdtemp(join(tmpdir(), 'vivarium-session-'));
  vi.stubEnv('XDG_RUNTIME_DIR', undefined);
  const door = await openInstanceDoor(data, host());
  // As a task of cron has it, and as another session has it.
  for (const folder of [undefined, session]) {
    vi.stubEnv('XDG_RUNTIME_DIR', folder);
    expect(await askToShow(data)).toEqual(here);
  }
  vi.unstubAllEnvs();
  await door.close();
  await rm(session, { recursive: true });
});

it('is not confused by other talk', async () => {
  const data = key();
  const show = vi.fn();
  const door = await openInstanceDoor(data, host(show));
  const address = await socketAddress(data);
  for (const talk of ['x'.repeat(100), 'hello\n', 'lend\n', '\n']) {
    await new Promise<void>((resolve) => {
      const socket = connect(address, () => socket.write(talk));
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
      socket.resume();
    });
  }
  expect(show).not.toHaveBeenCalled();
  expect(await askToShow(data)).toEqual(here);
  await door.close();
});

it('finds nobody where somebody says something else', async () => {
  const data = key();
  const server = createServer((socket) => socket.resume().end('what?\n'));
  const address = await socketAddress(data);
  await new Promise<void>((resolve) => server.listen(address, resolve));
  expect(await reach(data, 'attach')).toBeUndefined();
  expect(await askToShow(data)).toBeUndefined();
  expect(await askToYield(data)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});

it('says whether the program ends for somebody else', async () => {
  const data = key();
  let idle = false;
  const door = await openInstanceDoor(data, { ...host(), yields: () => idle });
  expect(await askToYield(data)).toBe(false);
  idle = true;
  expect(await askToYield(data)).toBe(true);
  await door.close();
  const stays = await openInstanceDoor(data, host());
  expect(await askToYield(data)).toBe(false);
  await stays.close();
});

it('hands the socket of a client over, with everything that it said', async () => {
  const data = key();
  const attached: Socket[] = [];
  const take = (socket: Socket): void => void attached.push(socket);
  const door = await openInstanceDoor(data, {
    about: () => here,
    attached: take,
    lent: (socket) => (take(socket), true),
  });
  const address = await socketAddress(data);
  const eager = connect(address, () => eager.write('attach\n{"more":1}\n'));
  eager.on('error', () => {});
  const polite = await reach(data, 'attach');
  const lender = await reach(data, 'lend');
  expect([polite, lender]).toMatchObject([here, here]);
  await expect.poll(() => attached.length).toBe(3);
  const heard: string[] = [];
  for (const socket of attached) {
    socket.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
    socket.resume();
  }
  polite?.socket.write('hello');
  lender?.socket.write('here');
  await expect.poll(() => heard.sort()).toEqual(['hello', 'here', '{"more":1}\n']);
  // What is said to whoever attached comes after the greeting, however it was cut.
  const told = new Promise<string>((resolve) =>
    polite?.socket.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  );
  for (const socket of attached) socket.write('welcome');
  polite?.socket.resume();
  expect(await told).toBe('welcome');
  const closed = new Promise((resolve) => polite?.socket.once('close', resolve));
  await door.close();
  await closed;
  expect(await reach(data, 'attach')).toBeUndefined();
});

it('lets one app at a time lend its desktop', async () => {
  const data = key();
  let lender: Socket | undefined;
  const lent = (socket: Socket): boolean => {
    if (lender) return false;
    lender = socket;
    return true;
  };
  const door = await openInstanceDoor(data, { ...host(), lent });
  const first = await reach(data, 'lend');
  expect(first).toMatchObject(here);
  expect(await reach(data, 'lend')).toBeUndefined();
  await door.close();
});

it('hands over what a second start was asked to open, if it makes sense', async () => {
  const data = key();
  const open = vi.fn();
  const door = await openInstanceDoor(data, { ...host(), open });
  const requests = [
    { kind: 'machine', id: 'abcdefgh01234567' },
    { kind: 'path', path: `/${'ü'.repeat(2000)}` },
  ] as const;
  expect(await askToOpen(data, requests)).toEqual(here);
  expect(open).toHaveBeenLastCalledWith(requests);
  for (const nonsense of [[{ kind: 'start', id: 'x' }], [{ kind: 'machine', id: '../../../../etc' }]]) {
    expect(await askToOpen(data, nonsense as never)).toEqual(here);
    expect(open).toHaveBeenLastCalledWith([]);
  }
  await door.close();
});
