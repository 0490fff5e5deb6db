import type { Socket } from 'node:net';
import { connectSoon } from '../../../../platform/qmp/qmp-client';
import type { QemuPlan } from './plan';
import type { QemuSockets } from './sockets';

/** How long a QEMU may take to open them, on a busy computer, in milliseconds. */
const openMs = 30_000;

/** Connections to a QEMU besides its control connection. */
export interface QemuLines {
  serial: Socket[];
  /** Undefined without a clipboard. */
  clipboard: Socket | undefined;
}

/**
 * Connects all of them side by side, also while QEMU is still starting: a named pipe keeps it from going on until
 * somebody has connected.
 * @throws Failure `timeout`, `ipc.closed`, `cancelled` when `gone` is aborted; what was connected is closed then
 */
export async function connectLines(
  sockets: QemuSockets,
  { serialPorts, clipboard }: Pick<QemuPlan, 'serialPorts' | 'clipboard'>,
  gone: AbortSignal,
): Promise<QemuLines> {
  const addresses = Array.from({ length: serialPorts }, (_, port) => sockets.serial(port));
  if (clipboard !== 'off') addresses.push(sockets.clipboard);
  const tried = await Promise.allSettled(
    addresses.map(async (path) => {
      const socket = await connectSoon({ path }, { timeoutMs: openMs, signal: gone });
      // Until its user listens; QEMU's end is told elsewhere.
      socket.on('error', () => socket.destroy());
      return socket;
    }),
  );
  const failed = tried.find((one) => one.status === 'rejected');
  const open = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failed) {
    for (const socket of open) socket.destroy();
    throw failed.reason;
  }
  return { serial: open.slice(0, serialPorts), clipboard: open[serialPorts] };
}
