import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { runtimeFolder } from '../../../../platform/paths';

/** The longest address of a unix socket that every system takes (macOS: 104 bytes with the NUL). */
const longestAddress = 103;

/** The unix sockets of one running QEMU, in a folder that only this user can enter. */
export interface QemuSockets {
  folder: string;
  control: string;
  /** QEMU's monitor for people. */
  monitor: string;
  screen: string;
  /** The channel of the guest agent. */
  agent: string;
  /** The channel of the clipboard's agent. */
  clipboard: string;
  migration: string;
  /** Of the TPM. */
  tpm: string;
  serial(port: number): string;
}

/** Names are short because addresses are. */
export function socketsIn(folder: string): QemuSockets {
  return {
    folder,
    control: join(folder, 'q'),
    monitor: join(folder, 'h'),
    screen: join(folder, 'v'),
    agent: join(folder, 'a'),
    clipboard: join(folder, 'c'),
    migration: join(folder, 'm'),
    tpm: join(folder, 't'),
    serial: (port) => join(folder, `s${port}`),
  };
}

/** @throws Failure `file.denied`, `host.unavailable` when the folder's path is too long for sockets */
export async function makeSockets(): Promise<QemuSockets> {
  if (process.platform === 'win32') {
    throw new Failure('engine.unsupported', 'Running machines with QEMU is not possible on Windows yet.');
  }
  const folder = await mkdtemp(join(await runtimeFolder(), 'q-'));
  const sockets = socketsIn(folder);
  if (Buffer.byteLength(sockets.serial(9)) > longestAddress) {
    await rm(folder, { recursive: true, force: true });
    throw new Failure('host.unavailable', `The path ${folder} is too long for sockets.`, {
      hint: 'Set TMPDIR or XDG_RUNTIME_DIR to a folder with a shorter path.',
    });
  }
  return sockets;
}
