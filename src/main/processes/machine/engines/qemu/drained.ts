import type { Duplex } from 'node:stream';

/** Resolves when a socket that has refused more takes it, or is closed and never will. */
export function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    socket.once('drain', go);
    socket.once('close', go);
  });
}
