import { chmod, realpath, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { socketAddress } from './paths';

/**
 * How a second start on the same data folder reaches the first: a private local socket of the user on which the
 * first one answers `show` by coming to the front.
 */
const answer = z.object({
  shell: z.enum(['electron', 'browser']),
  /** Where its user interface is, in browser mode. */
  address: z.string().nullable(),
});
export type InstanceAnswer = z.infer<typeof answer>;

const answerMs = 3000;
const maxLength = 4096;

export interface InstanceDoor {
  close(): Promise<void>;
}

/**
 * Opens the socket for others to knock on. To be called by the holder of the data folder's lock only: what a
 * killed predecessor left at the address is removed.
 *
 * @param shown called when somebody asks; what it returns is the answer
 */
export async function openInstanceDoor(
  dataFolder: string,
  shown: () => InstanceAnswer,
): Promise<InstanceDoor> {
  const address = await doorAddress(dataFolder);
  if (process.platform !== 'win32') await rm(address, { force: true });
  const server: Server = createServer((socket) => {
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    let asked = '';
    socket.on('data', (data) => {
      asked += data.toString();
      if (asked === 'show\n') socket.end(`${JSON.stringify(shown())}\n`);
      else if (asked.length > 16) socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
  if (process.platform !== 'win32') await chmod(address, 0o600);
  // It answers while there is something else to do, but keeps nobody from ending.
  server.unref();
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Asks the program that holds the data folder to show itself. Undefined when nobody answers. */
export async function askToShow(dataFolder: string): Promise<InstanceAnswer | undefined> {
  const address = await doorAddress(dataFolder);
  return new Promise((resolve) => {
    let heard = '';
    const socket = createConnection(address, () => socket.write('show\n'));
    const end = (): void => {
      socket.destroy();
      resolve(parse(heard));
    };
    socket.setTimeout(answerMs, end);
    socket.on('error', end);
    socket.on('close', end);
    socket.on('data', (data) => {
      heard += data.toString();
      if (heard.length > maxLength) end();
    });
  });
}

/** The same whatever way the folder is named. */
async function doorAddress(dataFolder: string): Promise<string> {
  return socketAddress(await realpath(dataFolder).catch(() => resolve(dataFolder)));
}

function parse(text: string): InstanceAnswer | undefined {
  try {
    const parsed = answer.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // nobody, or somebody who speaks something else
  }
}
