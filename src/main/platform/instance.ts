import { chmod, realpath, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { socketAddress } from './paths';

/**
 * How others reach the program that has a data folder: a private local socket of the user. A second start says
 * `show`, and the first comes to the front; the command line says `attach` and is served the contract from then on.
 */
const answer = z.object({
  shell: z.enum(['electron', 'browser']),
  /** Where its user interface is, in browser mode. */
  address: z.string().nullable(),
});
export type InstanceAnswer = z.infer<typeof answer>;

const answerMs = 3000;
const maxLength = 4096;
/** How a program ends that finds the data folder taken (EX_TEMPFAIL of sysexits.h): whoever started it may try again. */
export const statusTaken = 75;

/** Of what is said at the door, in characters. */
const longestWord = 16;

export interface InstanceDoor {
  close(): Promise<void>;
}

/** What the program does for those who knock. */
export interface InstanceHost {
  /** Called when somebody asks to see it; what it returns is the answer. */
  shown(): InstanceAnswer;
  /** Takes the socket of a command line over. Nothing has been read of what comes after `attach`. */
  attached(socket: Socket): void;
}

/**
 * Opens the socket for others to knock on. To be called by the holder of the data folder's lock only: what a
 * killed predecessor left at the address is removed.
 */
export async function openInstanceDoor(dataFolder: string, host: InstanceHost): Promise<InstanceDoor> {
  const address = await doorAddress(dataFolder);
  if (process.platform !== 'win32') await rm(address, { force: true });
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    answerKnock(socket, host);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
  if (process.platform !== 'win32') await chmod(address, 0o600);
  // It answers while there is something else to do, but keeps nobody from ending.
  server.unref();
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function answerKnock(socket: Socket, host: InstanceHost): void {
  socket.setTimeout(answerMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  let asked = Buffer.alloc(0);
  const listen = (data: Buffer): void => {
    asked = Buffer.concat([asked, data]);
    const end = asked.indexOf(0x0a);
    const word = asked.subarray(0, end < 0 ? asked.length : end).toString();
    if (end < 0 && word.length <= longestWord) return;
    socket.off('data', listen);
    if (word === 'show') socket.end(`${JSON.stringify(host.shown())}\n`);
    else if (word === 'attach') {
      socket.pause();
      socket.setTimeout(0);
      socket.unshift(asked.subarray(end + 1));
      host.attached(socket);
    } else socket.destroy();
  };
  socket.on('data', listen);
}

/**
 * Reaches the program that holds the data folder, as a command line.
 *
 * @returns a socket on which it speaks the contract; undefined when nobody is there
 */
export async function attach(dataFolder: string): Promise<Socket | undefined> {
  const address = await doorAddress(dataFolder);
  return new Promise((resolve) => {
    const socket = createConnection(address, () => {
      socket.off('error', absent);
      socket.write('attach\n');
      resolve(socket);
    });
    const absent = (): void => resolve(undefined);
    socket.once('error', absent);
  });
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
