import type { StreamChannel } from '@shared/ipc/byte-stream';

/** What this project uses of Electron's `MessagePortMain`. Declared here so that nothing else imports Electron. */
export interface ElectronPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** A stream's channel on a port of Electron. Messages that came before `onMessage` wait in the port. */
export function channelOverPort(port: ElectronPort): StreamChannel {
  let closed = false;
  const closeListeners: (() => void)[] = [];
  const ended = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of closeListeners) listener();
  };
  port.on('close', ended);
  return {
    send(message) {
      if (!closed) port.postMessage(typeof message === 'string' ? message : exactBytes(message));
    },
    onMessage(listener) {
      port.on('message', ({ data }) => {
        if (typeof data === 'string' || data instanceof Uint8Array) listener(data);
        else if (data instanceof ArrayBuffer) listener(new Uint8Array(data));
      });
      port.start();
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close() {
      if (!closed) port.close();
      ended();
    },
  };
}

/** Structured clone copies the whole memory behind a view; this is a view with nothing else behind it. */
function exactBytes(data: Uint8Array): Uint8Array {
  return data.byteLength === data.buffer.byteLength ? data : data.slice();
}
