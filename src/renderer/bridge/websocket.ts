import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';
import type { MessageChannelLike } from '@shared/ipc/messages';

/** The close code of a WebSocket whose reason is an `ErrorValue` as JSON. */
const errorClose = 4000;

function socketUrl(path: string, query: Record<string, string> = {}): string {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = new URLSearchParams(query).toString();
  return url.href;
}

function closeFailure(event: CloseEvent): Failure {
  if (event.code === errorClose) {
    try {
      return toFailure(JSON.parse(event.reason));
    } catch {
      // the reason was cut off (123 bytes at most): the text is still worth showing
      return new Failure('internal', event.reason);
    }
  }
  return new Failure('ipc.closed', phrase('desktop.connectionLost'));
}

/** Opens `/rpc`; resolves once it is open. */
export function openRpcChannel(): Promise<MessageChannelLike> {
  const socket = new WebSocket(socketUrl('/rpc'));
  return new Promise((resolve, reject) => {
    socket.addEventListener('close', (event) => reject(closeFailure(event)), { once: true });
    socket.addEventListener(
      'open',
      () =>
        resolve({
          post: (message) => socket.send(JSON.stringify(message)),
          onMessage: (listener) =>
            socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
              listener(typeof data === 'string' ? JSON.parse(data) : data);
            }),
          onClose: (listener) => socket.addEventListener('close', () => listener(), { once: true }),
        }),
      { once: true },
    );
  });
}

/** A WebSocket as a stream's channel: binary messages are data, text messages are control. */
function socketChannel(socket: WebSocket): StreamChannel {
  return {
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer> | string);
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
        listener(typeof data === 'string' ? data : new Uint8Array(data));
      });
    },
    onClose(listener) {
      if (socket.readyState === WebSocket.CLOSED) listener();
      else socket.addEventListener('close', () => listener(), { once: true });
    },
    close: () => socket.close(),
  };
}

/** How long a stream may be refused after its socket was opened, in milliseconds. */
const refusalMs = 100;

/**
 * How long an answer to the request for a stream is waited for, in milliseconds. It comes from the machine's own process,
 * which may be busy or gone; a browser opens one socket to a server at a time and would wait for minutes, and with it
 * everything else that wants a stream.
 */
export const openMs = 30_000;

/** Opens `/stream`; rejects with the `Failure` that the server gives, `ipc.closed` when there is no answer. */
export function openSocketStream(name: string, params: unknown): Promise<ByteStream> {
  const socket = new WebSocket(socketUrl('/stream', { name, params: JSON.stringify(params) }));
  socket.binaryType = 'arraybuffer';
  // listening begins at once: data may arrive in the same turn in which the socket opens
  const stream = byteStreamOver(socketChannel(socket));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => socket.close(), openMs);
    socket.addEventListener('open', () => clearTimeout(late), { once: true });
    socket.addEventListener(
      'close',
      (event) => {
        clearTimeout(late);
        reject(closeFailure(event));
      },
      { once: true },
    );
    // a browser tells a page why only when the socket was open: a refusal is a close right after the opening
    const accepted = (): void => resolve(stream);
    socket.addEventListener('message', accepted, { once: true });
    socket.addEventListener('open', () => setTimeout(accepted, refusalMs), { once: true });
  });
}
