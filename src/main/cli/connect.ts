import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Failure } from '@shared/errors';
import { type Commands, commands, events } from '@shared/ipc/contract';
import { rpcClient, type RpcClient } from '@shared/ipc/rpc';
import { askToYield, type Reached, reach, statusTaken } from '../platform/instance';
import { channelOverSocket } from '../platform/line-channel';
import type { Program } from './program';

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
 * @param anyVersion also speaks with a program of another version: for what every version understands
 * @throws Failure `library.locked` when somebody has the folder and does not answer, or is of another version;
 *   `timeout`, `internal`
 */
export async function connect(dataFolder: string, program: Program, anyVersion = false): Promise<Connection> {
  const giveUpAt = performance.now() + startMs;
  while (performance.now() < giveUpAt) {
    const reached = await reach(dataFolder, 'attach');
    if (reached && (anyVersion || reached.version === program.version)) return connectionOver(reached);
    if (reached) await makeWay(reached, dataFolder, program);
    // Another one may be starting at this moment, for another command line, or be about to end.
    const started = await startInBackground(dataFolder, program);
    if (!started) await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  throw new Failure(
    'library.locked',
    `Another program uses the data folder ${dataFolder} and does not answer.`,
    { hint: 'End it, or choose another data folder with --data.' },
  );
}

function connectionOver({ socket }: Reached): Connection {
  const client = rpcClient(channelOverSocket(socket), commands, events, () => {});
  return { client, close: () => void socket.end() };
}

/** A program of another version that has nothing to do ends; one that has is left alone. */
async function makeWay({ version, socket }: Reached, dataFolder: string, program: Program): Promise<void> {
  socket.destroy();
  if (await askToYield(dataFolder)) return;
  throw new Failure(
    'library.locked',
    `Vivarium ${version} has this data folder, and this is the command line of Vivarium ${program.version}.`,
    { hint: 'Close that one first. “vivarium app quit save” does, and saves what runs.' },
  );
}

/** Resolves when it can be attached to; false when another one has the folder. */
async function startInBackground(dataFolder: string, program: Program): Promise<boolean> {
  const child = program.startServer([`--data=${dataFolder}`, '--until-idle'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new TypeError('its output is asked for');
  let said = '';
  const listen = (output: Readable): void =>
    void output.on('data', (data: Buffer) => (said += data.toString()));
  listen(stdout);
  listen(stderr);
  const ready = once(stdout, 'data').then(() => true);
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
    stdout.destroy();
    stderr.destroy();
    child.unref();
  }
}
