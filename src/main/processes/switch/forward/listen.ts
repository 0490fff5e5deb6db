import type { Server } from 'node:net';

/**
 * Has a server listen at a port that nobody else gets meanwhile. Later errors of the server concern single connections
 * that could not be accepted; they are the caller's to see.
 *
 * @throws the errors of `node:net` when the port cannot be had
 */
export function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
