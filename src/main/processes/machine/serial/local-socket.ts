import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { ByteStream } from '@shared/ipc/byte-stream';

/** How long the one who asked for a socket may take to come, in milliseconds. */
const patienceMs = 10_000;

/**
 * Lets one program of this user reach a stream by a local socket: a terminal that the command line attaches. The
 * socket is gone as soon as somebody has come.
 *
 * @param address a path in a private folder, or the name of a pipe
 * @returns when it listens
 * @throws the errors of `node:net`
 */
export async function offerOnSocket(address: string, serve: (stream: ByteStream) => void): Promise<void> {
  const server = createServer((socket) => {
    close();
    serve(byteStreamOnSocket(socket));
  });
  server.maxConnections = 1;
  const timer = setTimeout(close, patienceMs);
  function close(): void {
    clearTimeout(timer);
    server.close();
    if (process.platform !== 'win32') void rm(address, { force: true });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    server.listen(address, resolve);
  });
}

/** Bytes as they are, without the acknowledgements that a stream between our own parts has: the system holds back. */
function byteStreamOnSocket(socket: Socket): ByteStream {
  socket.on('error', () => socket.destroy());
  // What comes before anybody listens waits.
  socket.pause();
  return {
    send(data) {
      // The sender may use its bytes again at once.
      if (socket.writable) socket.write(data.slice());
    },
    onData(listener) {
      socket.on('data', (data: Buffer) => {
        const taken = listener(new Uint8Array(data));
        if (!taken) return;
        socket.pause();
        taken.then(
          () => socket.resume(),
          () => socket.destroy(),
        );
      });
      socket.resume();
    },
    onClose(listener) {
      if (socket.destroyed) listener();
      else socket.on('close', listener);
    },
    close: () => void socket.end(),
    get unsent() {
      return socket.writableLength;
    },
    drained(limit = 0) {
      if (socket.destroyed || socket.writableLength <= limit) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off('drain', done).off('close', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
      });
    },
  };
}
