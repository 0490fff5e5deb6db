import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';

/** Two ends of a channel inside this process; messages arrive later, as between processes, and are copies. */
function channelPair(): [StreamChannel, StreamChannel] {
  const listeners: ((message: Uint8Array | string) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  let closed = false;
  function close(): void {
    if (closed) return;
    closed = true;
    for (const listener of closeListeners) setImmediate(listener);
  }
  const end = (mine: number): StreamChannel => ({
    send(message) {
      const copy = typeof message === 'string' ? message : message.slice();
      setImmediate(() => listeners[1 - mine]?.(copy));
    },
    onMessage: (listener) => (listeners[mine] = listener),
    onClose: (listener) => closeListeners.push(listener),
    close,
  });
  return [end(0), end(1)];
}

/** Two byte streams; what one sends the other gets. */
export function streamPair(): [ByteStream, ByteStream] {
  const [here, there] = channelPair();
  return [byteStreamOver(here), byteStreamOver(there)];
}
