import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';

/** Two ends of a stream inside one process; messages arrive in a later turn, as they do between processes. */
export function streamPair(): [ByteStream, ByteStream] {
  const listeners: ((message: Uint8Array | string) => void)[][] = [[], []];
  const closeListeners: (() => void)[] = [];
  let closed = false;
  const end = (own: 0 | 1, other: 0 | 1): StreamChannel => ({
    send(message) {
      const copy = typeof message === 'string' ? message : message.slice();
      setImmediate(() => {
        if (!closed) for (const listener of listeners[other] ?? []) listener(copy);
      });
    },
    onMessage: (listener) => void listeners[own]?.push(listener),
    onClose: (listener) => void closeListeners.push(listener),
    close() {
      if (closed) return;
      closed = true;
      for (const listener of closeListeners) listener();
    },
  });
  return [byteStreamOver(end(0, 1)), byteStreamOver(end(1, 0))];
}
