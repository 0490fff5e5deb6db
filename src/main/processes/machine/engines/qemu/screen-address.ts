import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { QemuSockets } from './sockets';
import { UnlockedScreen } from './unlocked-screen';

/** Where QEMU's VNC server listens. */
export type ScreenAddress = { path: string } | { port: number; password: string };

/** VNC passwords end after eight characters (RFC 6143, 7.2.2): 48 bits as base64. */
const passwordBytes = 6;

/**
 * The address of the screen; a loopback port gets its password here. Until then QEMU lets nobody in.
 * @throws Failure `engine.failed`, `timeout`, `ipc.closed`
 */
export async function unlockScreen(client: QmpClient, { screen }: QemuSockets): Promise<ScreenAddress> {
  if (screen !== null) return { path: screen };
  const password = randomBytes(passwordBytes).toString('base64');
  await client.execute('set_password', { protocol: 'vnc', password });
  const { host, service } = await client.execute('query-vnc', {});
  const port = Number(service);
  if (host !== '127.0.0.1' || !(port > 0 && port < 65_536)) {
    throw new Failure('engine.failed', phrase('qemuTalk.screenElsewhere', { host, service }));
  }
  return { port, password };
}

/**
 * A connection to the screen on which nobody is asked for a password. Usable at once: what is written waits until it
 * is there; it is destroyed when that fails.
 */
export function openScreen(address: ScreenAddress): Duplex {
  if ('path' in address) return createConnection({ path: address.path });
  return new UnlockedScreen(createConnection({ host: '127.0.0.1', port: address.port }), address.password);
}

/** @throws the error of `node:net`, Failure `engine.failed` */
export async function connectScreen(address: ScreenAddress): Promise<Duplex> {
  const screen = openScreen(address);
  await once(screen, 'connect');
  return screen;
}
