import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { runtimeFolder } from '../../../../platform/paths';
import { controlSocket } from '../../../../platform/qemu-leftovers';

/** The longest address of a unix socket that every system takes (macOS: 104 bytes with the NUL). */
const longestAddress = 103;

/** Where Windows keeps the names of its pipes; QEMU puts it before the names that it is given. */
export const pipePrefix = '\\\\.\\pipe\\';

/**
 * How QEMU and its machine process reach each other.
 *
 * - `unix`: unix sockets in a folder that only this user can enter.
 * - `pipe`, on Windows, where Node has no unix sockets: named pipes, which QEMU opens one after the other, each
 *   waiting until somebody connects. They take one connection in their life. QEMU's VNC server listens on a loopback
 *   port and asks for a password, and neither memory nor Ethernet frames travel.
 */
export type Transport = 'unix' | 'pipe';

/** Addresses of one running QEMU, as `node:net` takes them. */
export interface QemuSockets {
  transport: Transport;
  /** For files of this run: only this user can enter it. */
  folder: string;
  control: string;
  /** QEMU's monitor for people; null where nobody could connect to it later. */
  monitor: string | null;
  /** Null: QEMU chooses a loopback port, with a password; see `screen-address.ts`. */
  screen: string | null;
  /** The channel of the guest agent; null where nobody could connect to it now and then. */
  agent: string | null;
  /** The channel of the clipboard's agent. */
  clipboard: string;
  /** Null where memory cannot be saved. */
  migration: string | null;
  /** Of the TPM. */
  tpm: string;
  serial(port: number): string;
}

/** Names are short because addresses are. */
export function socketsIn(folder: string): QemuSockets {
  return {
    transport: 'unix',
    folder,
    control: join(folder, controlSocket),
    monitor: join(folder, 'h'),
    screen: join(folder, 'v'),
    agent: join(folder, 'a'),
    clipboard: join(folder, 'c'),
    migration: join(folder, 'm'),
    tpm: join(folder, 't'),
    serial: (port) => join(folder, `s${port}`),
  };
}

/** @param key part of the pipes' names that nobody else has */
export function pipesFor(folder: string, key: string): QemuSockets {
  const pipe = (name: string): string => `${pipePrefix}vivarium-${key}-${name}`;
  return {
    transport: 'pipe',
    folder,
    control: pipe('q'),
    monitor: null,
    screen: null,
    agent: null,
    clipboard: pipe('c'),
    migration: null,
    tpm: join(folder, 't'),
    serial: (port) => pipe(`s${port}`),
  };
}

/** @throws Failure `file.denied`, `host.unavailable` when the folder's path is too long for sockets */
export async function makeSockets(
  transport: Transport = process.platform === 'win32' ? 'pipe' : 'unix',
): Promise<QemuSockets> {
  const folder = await mkdtemp(join(await runtimeFolder(), 'q-'));
  if (transport === 'pipe') return pipesFor(folder, randomBytes(12).toString('hex'));
  const sockets = socketsIn(folder);
  if (Buffer.byteLength(sockets.serial(9)) > longestAddress) {
    await rm(folder, { recursive: true, force: true });
    throw new Failure('host.unavailable', phrase('file.socketPathLong', { folder }), {
      hint: phrase('file.socketPathLongHint'),
    });
  }
  return sockets;
}
