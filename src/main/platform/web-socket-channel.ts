import { Buffer } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamChannel } from '@shared/ipc/byte-stream';

/** The longest message that is taken from a viewer, in bytes. */
export const maxStreamMessage = 16 * 1024 * 1024;

/** A stream's channel on an open WebSocket. */
export function channelOverWebSocket(socket: WebSocket): StreamChannel {
  let closed = false;
  const closeListeners: (() => void)[] = [];
  const ended = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of closeListeners) listener();
  };
  socket.on('close', ended);
  // 'close' follows every error, and a broken viewer is nobody's trouble but its own.
  socket.on('error', ended);
  // Until there is a listener nothing is read, so that nothing is lost.
  socket.pause();
  return {
    send(message) {
      if (closed) return;
      // The sender may reuse its bytes at once, while the socket may hold on to them.
      socket.send(typeof message === 'string' ? message : Buffer.from(message));
    },
    onMessage(listener) {
      socket.on('message', (data, isBinary) => {
        const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
        listener(
          isBinary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes.toString(),
        );
      });
      socket.resume();
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close() {
      if (!closed) socket.close();
      ended();
    },
  };
}

/** What speaks WebSocket on sockets that somebody else has accepted. */
export const streamServer = (): WebSocketServer =>
  new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxStreamMessage });

/** Answers a WebSocket request that main has checked; undefined when it is none. */
export function acceptWebSocket(
  server: WebSocketServer,
  socket: Socket,
  headers: Record<string, string>,
  head: Uint8Array,
): StreamChannel | undefined {
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = '/';
  Object.assign(request.headers, headers);
  let channel: StreamChannel | undefined;
  socket.on('error', () => socket.destroy());
  server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
    channel = channelOverWebSocket(webSocket);
  });
  return channel;
}
