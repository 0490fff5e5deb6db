import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Failure } from '@shared/errors';
import { type Commands, commands, events } from '@shared/ipc/contract';
import { rpcClient, type RpcClient } from '@shared/ipc/rpc';
import { attach, statusTaken } from '../platform/instance';
import { channelOverSocket } from '../platform/line-channel';

export type Client = RpcClient<Commands, typeof events>;

/** The program, as a command line reaches it. */
export interface Connection {
  readonly client: Client;
  close(): void;
}

/** How long the program may take to start, in milliseconds. */
const startMs = 20_000;
/** Between two attempts to reach one that is just starting or ending. */
const retryMs = 100;

/**
 * Attaches to the program that has the data folder. Where there is none, one is started in the background, without a
 * window; it ends by itself when no machine runs any more.
 *
 * @param mainFolder `out/main`
 * @throws Failure `library.locked` when somebody has the folder and does not answer, `timeout`, `internal`
 */
export async function connect(dataFolder: string, mainFolder: string): Promise<Connection> {
  const giveUpAt = performance.now() + startMs;
  while (performance.now() < giveUpAt) {
    const socket = await attach(dataFolder);
    if (socket) {
      const client = rpcClient(channelOverSocket(socket), commands, events, () => {});
      return { client, close: () => void socket.end() };
    }
    // Another one may be starting at this moment, for another command line, or be about to end.
    const started = await startInBackground(dataFolder, mainFolder);
    if (!started) await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  throw new Failure(
    'library.locked',
    `Another program uses the data folder ${dataFolder} and does not answer.`,
    { hint: 'End it, or choose another data folder with --data.' },
  );
}

/** Resolves when it can be attached to; false when another one has the folder. */
async function startInBackground(dataFolder: string, mainFolder: string): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [join(mainFolder, 'server.js'), `--data=${dataFolder}`, '--until-idle'],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  const listen = (output: Readable): void =>
    void output.on('data', (data: Buffer) => (said += data.toString()));
  listen(child.stdout);
  listen(child.stderr);
  const ready = once(child.stdout, 'data').then(() => true);
  const over = once(child, 'exit').then(([status]) => {
    if (status === 0 || status === statusTaken) return false;
    throw new Failure('internal', `Vivarium did not start: ${said.trim() || `status ${String(status)}`}`);
  });
  const tooLong = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Failure('timeout', 'Vivarium did not start in time.')), startMs).unref();
  });
  try {
    return await Promise.race([ready, over, tooLong]);
  } finally {
    // From here on it is on its own.
    over.catch(() => {});
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}
