/**
 * Byte streams between two processes, with credit-based flow control.
 *
 * Whatever carries the messages (a MessagePort, a WebSocket) appears as a `StreamChannel`. Data travels as binary
 * messages; each side acknowledges what it has consumed with a text message `ack <bytes>`, so a sender knows how
 * much is under way and can wait instead of filling the other side's memory.
 */

/** Carries whole messages, in order. Binary messages are data, text messages are control. */
export interface StreamChannel {
  send(message: Uint8Array | string): void;
  onMessage(listener: (message: Uint8Array | string) => void): void;
  /** Called once, when either side has closed or vanished. */
  onClose(listener: () => void): void;
  close(): void;
}

/** A duplex stream of bytes. Message boundaries of the sender are kept, but nobody should rely on them. */
export interface ByteStream {
  /** Never blocks; look at `unsent` to know when to wait. `data` may be reused after the call. */
  send(data: Uint8Array): void;
  /** One listener. Data is acknowledged when the listener returns, or when the promise it returns resolves. */
  onData(listener: (data: Uint8Array) => void | Promise<void>): void;
  onClose(listener: () => void): void;
  close(): void;
  /** Bytes sent that the other side has not consumed yet. */
  readonly unsent: number;
  /** Resolves when `unsent` is at most `limit` bytes, or the stream is closed. */
  drained(limit?: number): Promise<void>;
}

const defaultLimit = 256 * 1024;

/** Makes a `ByteStream` of a channel. A control message that makes no sense closes the stream. */
export function byteStreamOver(channel: StreamChannel): ByteStream {
  let unsent = 0;
  let closed = false;
  let onData: ((data: Uint8Array) => void | Promise<void>) | undefined;
  const early: Uint8Array[] = [];
  const closeListeners: (() => void)[] = [];
  let waiting: { limit: number; resolve: () => void }[] = [];

  function wakeWaiting(): void {
    const ready = waiting.filter(({ limit }) => closed || unsent <= limit);
    waiting = waiting.filter(({ limit }) => !closed && unsent > limit);
    for (const { resolve } of ready) resolve();
  }

  function ended(): void {
    if (closed) return;
    closed = true;
    wakeWaiting();
    for (const listener of closeListeners) listener();
  }

  function close(): void {
    channel.close();
    ended();
  }

  function acknowledge(bytes: number): void {
    if (!closed) channel.send(`ack ${bytes}`);
  }

  function deliver(data: Uint8Array): void {
    if (!onData) {
      early.push(data);
      return;
    }
    const result = onData(data);
    if (result) result.then(() => acknowledge(data.byteLength), close);
    else acknowledge(data.byteLength);
  }

  channel.onMessage((message) => {
    if (typeof message !== 'string') {
      deliver(message);
      return;
    }
    const match = /^ack (\d{1,10})$/.exec(message);
    const bytes = match ? Number(match[1]) : NaN;
    if (!(bytes <= unsent)) {
      close();
      return;
    }
    unsent -= bytes;
    wakeWaiting();
  });
  channel.onClose(ended);

  return {
    send(data) {
      if (closed || data.byteLength === 0) return;
      unsent += data.byteLength;
      channel.send(data);
    },
    onData(listener) {
      onData = listener;
      for (const data of early.splice(0)) deliver(data);
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close,
    get unsent() {
      return unsent;
    },
    drained(limit = defaultLimit) {
      if (closed || unsent <= limit) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ limit, resolve }));
    },
  };
}
