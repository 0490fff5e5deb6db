import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { accelerator } from '@shared/engine/qemu/launch';
import { phrase } from '@shared/phrases/phrase';
import { connectOnce, type QmpClient } from '../../../../platform/qmp/qmp-client';
import type { StateSink } from '../../engine';
import { drained } from './drained';
import type { QemuPlan } from './plan';

/** QEMU's own limit is for networks; this one is for a socket on the same computer, in bytes a second. */
const bandwidth = 64 * 1024 ** 3;
const pollMs = 10;
/** Between the end of the data and QEMU's word that it is complete, in milliseconds. */
const finishMs = 30_000;

const magic = Buffer.from('QEMU', 'latin1');
const maxHeader = 4096;

/** What stands before QEMU's own data, because QEMU would only find out in the middle of loading. */
const stateHeader = z.object({
  qemu: z.string(),
  machineType: z.string(),
  accelerator,
  cpuModel: z.string(),
});

/** Precondition: the guest stands still. It still does afterwards, whatever happens. @throws Failure, or what the sink throws */
export async function saveState(
  client: QmpClient,
  plan: QemuPlan,
  socketPath: string | null,
  sink: StateSink,
): Promise<void> {
  const { done } = await beginSaving(client, plan, socketPath, sink);
  await done;
}

/**
 * The same in two parts: `done` settles when everything has been written, or cannot be.
 *
 * @param behind the guest runs meanwhile. Such a migration is never cut off, not even when the sink takes no more: QEMU
 * 7.2 would leave the guest's memory write-protected, and the guest standing still for ever. The rest is thrown away.
 * @throws Failure when nothing of it can begin; whatever `sink` throws to its first bytes
 */
export async function beginSaving(
  client: QmpClient,
  plan: QemuPlan,
  socketPath: string | null,
  sink: StateSink,
  behind = false,
): Promise<{ done: Promise<void> }> {
  if (socketPath === null) throw noTransport();
  await sink.write(encodeHeader(plan));
  const server = createServer();
  await listen(server, socketPath);
  try {
    await client.execute('migrate-set-parameters', { 'max-bandwidth': bandwidth });
    const connection = once(server, 'connection') as Promise<[Socket]>;
    await client.execute('migrate', { uri: `unix:${socketPath}` });
    const [socket] = await Promise.race([connection, failed(client)]);
    const lasting = behind ? new LastingSink(sink) : undefined;
    const done = receive(client, socket, lasting ?? sink).then(() => lasting?.verdict());
    return { done: done.finally(() => server.close()) };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Takes everything that comes, also when the sink behind it takes no more of it. */
class LastingSink implements StateSink {
  #failure: { error: unknown } | undefined;

  constructor(private readonly sink: StateSink) {}

  async write(data: Uint8Array): Promise<void> {
    if (this.#failure) return;
    try {
      await this.sink.write(data);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** @throws what the sink threw */
  verdict(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

async function receive(client: QmpClient, socket: Socket, sink: StateSink): Promise<void> {
  try {
    for await (const piece of socket) await sink.write(piece as Uint8Array);
  } catch (error) {
    socket.destroy();
    await client.execute('migrate_cancel', {}).catch(() => {}); // it has failed by itself already
    await settled(client);
    throw error;
  }
  const { status, 'error-desc': reason } = await settled(client);
  if (status !== 'completed') {
    throw new Failure('engine.failed', phrase('memory.qemuFailed'), {
      cause: reason ?? status,
    });
  }
}

/**
 * Loads a state into a QEMU that was started with `-incoming defer`. `pieces` hands out the data in order.
 * @throws Failure `saved-state.*`, `engine.failed`, `file.*`
 */
export async function restoreState(
  client: QmpClient,
  plan: QemuPlan,
  socketPath: string | null,
  pieces: (take: (piece: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (socketPath === null) throw noTransport();
  await client.execute('migrate-incoming', { uri: `unix:${socketPath}` });
  const socket = await connectOnce({ path: socketPath });
  let broken: unknown;
  socket.on('error', (error) => (broken = error));
  const header = new HeaderReader((text) => checkHeader(text, plan));
  try {
    await pieces(async (piece) => {
      const rest = header.read(piece);
      if (rest.length === 0) return;
      if (broken !== undefined || socket.destroyed) {
        throw new Failure('ipc.closed', phrase('memory.qemuStopped'), { cause: broken });
      }
      if (!socket.write(rest)) await drained(socket);
    });
    socket.end();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const { status, 'error-desc': reason } = await settled(client);
  if (status !== 'completed') throw stopped(reason ?? status);
}

function noTransport(): Failure {
  return new Failure('engine.unsupported', phrase('memory.qemuSystem'));
}

function stopped(cause: unknown): Failure {
  return new Failure('saved-state.mismatch', phrase('memory.qemuCannot'), {
    cause,
    hint: phrase('qemuEnd.savedStateHint'),
  });
}

function encodeHeader({ host }: QemuPlan): Uint8Array {
  const { version: qemu, machineType, accelerator: runs, cpuModel } = host;
  const json = Buffer.from(JSON.stringify({ qemu, machineType, accelerator: runs, cpuModel }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([magic, length, json]);
}

/** A processor that the guest has already looked at must not change under it. */
function checkHeader(text: string, { host }: QemuPlan): void {
  let header: z.infer<typeof stateHeader>;
  try {
    header = stateHeader.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure('saved-state.corrupt', phrase('memory.noMaker'), {
      cause: error,
    });
  }
  const changed =
    header.machineType !== host.machineType
      ? `on the board ${header.machineType}, not ${host.machineType}`
      : header.cpuModel !== host.cpuModel || header.accelerator !== host.accelerator
        ? `with the processor “${header.cpuModel}” under ${header.accelerator}, not “${host.cpuModel}” under ${host.accelerator}`
        : undefined;
  if (changed !== undefined) throw stopped(`It was saved by QEMU ${header.qemu} ${changed}.`);
}

/** Splits the header from what follows it, however the data is cut. */
class HeaderReader {
  #bytes: Buffer | undefined = Buffer.alloc(0);

  constructor(private readonly check: (text: string) => void) {}

  /** What of `piece` is not header. @throws Failure `saved-state.*` */
  read(piece: Uint8Array): Uint8Array {
    if (!this.#bytes) return piece;
    const bytes = Buffer.concat([this.#bytes, piece]);
    this.#bytes = bytes;
    if (bytes.length < 8) return new Uint8Array(0);
    const length = bytes.readUInt32LE(4);
    if (!bytes.subarray(0, 4).equals(magic) || length > maxHeader) {
      throw new Failure('saved-state.corrupt', phrase('memory.notQemu'));
    }
    if (bytes.length < 8 + length) return new Uint8Array(0);
    this.#bytes = undefined;
    this.check(bytes.toString('utf8', 8, 8 + length));
    return bytes.subarray(8 + length);
  }
}

type MigrationState = { status?: string | undefined; 'error-desc'?: string | undefined };

/** The state of the migration when nothing more happens. @throws Failure `timeout`, `ipc.closed` */
async function settled(client: QmpClient): Promise<MigrationState> {
  const end = performance.now() + finishMs;
  for (;;) {
    const state = await client.execute('query-migrate', {});
    if (['completed', 'failed', 'cancelled'].includes(state.status ?? '')) return state;
    if (performance.now() > end) throw new Failure('timeout', phrase('memory.unfinished'));
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Rejects when a migration that should begin fails instead. */
async function failed(client: QmpClient): Promise<never> {
  for (;;) {
    const { status, 'error-desc': reason } = await client.execute('query-migrate', {});
    if (status === 'failed') {
      throw new Failure('engine.failed', phrase('memory.qemuRefuses'), { cause: reason });
    }
    // Once it flows, the connection has won the race and nobody listens here any more.
    if (status !== undefined && status !== 'setup' && status !== 'none') return new Promise(() => {});
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
