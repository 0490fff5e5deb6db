import { chmod, realpath, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { mostRequests, openRequest, type OpenRequest } from '@shared/desktop/open-request';
import { movedTo } from './data-location';
import { readLine } from './first-line';
import { possibleSocketAddresses, socketAddress } from './paths';

/**
 * How others reach the program that has a data folder: a private local socket of the user, in a folder that nobody
 * else can enter. Whoever knocks says a word on a line of its own:
 *
 * - `show`: a second start; the first comes to the front and answers where it is.
 * - `open`: the same, with what the second start was asked to open, as JSON on a second line.
 * - `attach`: is told who is there, and is served the contract from then on. For the command line and the app.
 * - `lend`: is told who is there, and is asked from then on for what only a desktop has (`lent-shell.ts`).
 * - `yield`: a program that was started for a command's sake, and has nothing more to do, ends.
 */
const answer = z.object({
  shell: z.enum(['electron', 'browser']),
  /** Where its user interface is, in browser mode. */
  address: z.string().nullable(),
  /** Who does not speak the same version of the contract must not use it. */
  version: z.string(),
});
export type InstanceAnswer = z.infer<typeof answer>;

const yielded = z.object({ yields: z.boolean() });

const answerMs = 3000;
const maxLength = 4096;
/** How a program ends that finds the data folder taken (EX_TEMPFAIL of sysexits.h): whoever started it may try again. */
export const statusTaken = 75;

/** Of what is said at the door, in characters. */
const longestWord = 16;
/** Of what is to be opened, in bytes. */
const longestRequests = 64 * 1024;
const openRequests = z.array(openRequest).max(mostRequests);

export interface InstanceDoor {
  close(): Promise<void>;
}

/** What the program does for those who knock. */
export interface InstanceHost {
  /** Who is there. */
  about(): InstanceAnswer;
  /** Somebody asks to see it. */
  show?(): void;
  /** Somebody asks to see it, and what a second start was asked to open. */
  open?(requests: OpenRequest[]): void;
  /** Takes the socket of a client over. Nothing has been read of what comes after `attach`. */
  attached(socket: Socket): void;
  /** Takes the socket of one over who lends what its desktop has; false when somebody does so already. */
  lent?(socket: Socket): boolean;
  /** Whether the program ends now, because somebody else would like to have the data folder. */
  yields?(): boolean;
}

/**
 * Opens the socket for others to knock on. To be called by the holder of the data folder's lock only: what a
 * killed predecessor left at the address is removed.
 */
export async function openInstanceDoor(dataFolder: string, host: InstanceHost): Promise<InstanceDoor> {
  const address = await socketAddress(await doorKey(dataFolder));
  if (process.platform !== 'win32') await rm(address, { force: true });
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    void answerKnock(socket, host);
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

async function answerKnock(socket: Socket, host: InstanceHost): Promise<void> {
  socket.on('error', () => socket.destroy());
  const word = await readLine(socket, longestWord, answerMs);
  const greeting = (): string => `${JSON.stringify(host.about())}\n`;
  switch (word) {
    case 'show':
      host.show?.();
      socket.end(greeting());
      return;
    case 'open': {
      const requests = parse(openRequests, await readLine(socket, longestRequests, answerMs));
      host.open?.(requests ?? []);
      socket.end(greeting());
      return;
    }
    case 'attach':
      socket.write(greeting());
      host.attached(socket);
      return;
    case 'lend':
      if (!host.lent?.(socket)) break;
      socket.write(greeting());
      return;
    case 'yield':
      socket.end(`${JSON.stringify({ yields: host.yields?.() ?? false })}\n`);
      return;
  }
  socket.destroy();
}

/** Somebody who has the data folder, reached by its door. */
export interface Reached extends InstanceAnswer {
  /** Paused; nothing has been read of what comes after the greeting. */
  socket: Socket;
}

/**
 * Reaches the program that holds the data folder: to be served the contract, or to lend it a desktop.
 *
 * @returns undefined when nobody is there, or nobody who answers
 */
export async function reach(dataFolder: string, word: 'attach' | 'lend'): Promise<Reached | undefined> {
  const socket = await knock(dataFolder, word);
  if (!socket) return undefined;
  const greeting = parse(answer, await readLine(socket, maxLength, answerMs));
  if (greeting) return { ...greeting, socket };
  socket.destroy();
  return undefined;
}

/** Asks the program that holds the data folder to show itself. Undefined when nobody answers. */
export async function askToShow(dataFolder: string): Promise<InstanceAnswer | undefined> {
  return parse(answer, await ask(dataFolder, 'show'));
}

/** Hands over what a second start was asked to open. Undefined when nobody answers. */
export async function askToOpen(
  dataFolder: string,
  requests: readonly OpenRequest[],
): Promise<InstanceAnswer | undefined> {
  return parse(answer, await ask(dataFolder, `open\n${JSON.stringify(requests)}`));
}

/** Asks the program that holds the data folder to end if it has nothing to do. False where it stays, or nobody answers. */
export async function askToYield(dataFolder: string): Promise<boolean> {
  return parse(yielded, await ask(dataFolder, 'yield'))?.yields ?? false;
}

async function ask(dataFolder: string, word: string): Promise<string | undefined> {
  const socket = await knock(dataFolder, word);
  const line = socket && (await readLine(socket, maxLength, answerMs));
  socket?.destroy();
  return line;
}

async function knock(dataFolder: string, word: string): Promise<Socket | undefined> {
  for (const address of await possibleSocketAddresses(await doorKey(dataFolder))) {
    const socket = await connectTo(address);
    if (!socket) continue;
    socket.write(`${word}\n`);
    return socket;
  }
  return undefined;
}

function connectTo(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const absent = (): void => resolve(undefined);
    const socket = createConnection(address, () => {
      socket.off('error', absent);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    socket.once('error', absent);
  });
}

/** The same whatever way the folder is named, and wherever it has been moved to. */
async function doorKey(base: string): Promise<string> {
  const dataFolder = movedTo(base) ?? base;
  return realpath(dataFolder).catch(() => resolve(dataFolder));
}

function parse<T extends z.ZodType>(schema: T, text: string | undefined): z.output<T> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // nobody, or somebody who speaks something else
  }
}
