import { toFailure } from '@shared/errors';
import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';
import type { Message, MessageChannelLike } from '@shared/ipc/messages';

/** What the preload script puts on `window`, and all that a page of the app can reach of Electron. */
export interface ElectronBridge {
  post(message: Message): void;
  onMessage(listener: (message: unknown) => void): void;
  /**
   * Asks for a stream. The answer is a `message` event of the window with `data.vivariumStream === requestId` and
   * either the stream's port in `ports[0]` or an `ErrorValue` in `data.error`.
   */
  openStream(requestId: string, name: string, params: unknown): void;
  /** The path of a dropped or chosen file on this computer; empty for files that are not on disk. */
  pathOf(file: File): string;
}

/** Messages over Electron's IPC. It closes only with the window itself. */
export function electronChannel(bridge: ElectronBridge): MessageChannelLike {
  return {
    // Vue's reactive proxies cannot be cloned by Electron's IPC; what is sent is plain JSON anyway
    post: (message) => bridge.post(JSON.parse(JSON.stringify(message)) as Message),
    onMessage: (listener) => bridge.onMessage(listener),
    onClose: () => undefined,
  };
}

/** A message port as a stream's channel. Data are `Uint8Array`s, control is text, null says goodbye. */
export function portChannel(port: MessagePort): StreamChannel {
  let closed = false;
  const closeListeners: (() => void)[] = [];
  const ended = (): void => {
    if (closed) return;
    closed = true;
    port.close();
    for (const listener of closeListeners) listener();
  };
  port.addEventListener('close', ended);
  return {
    send(message) {
      if (!closed) port.postMessage(message);
    },
    onMessage(listener) {
      port.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (closed) return;
        if (data === null) ended();
        else if (typeof data === 'string') listener(data);
        else if (data instanceof Uint8Array) listener(data);
        else if (data instanceof ArrayBuffer) listener(new Uint8Array(data));
      });
      port.start();
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close() {
      if (!closed) port.postMessage(null);
      ended();
    },
  };
}

interface StreamAnswer {
  vivariumStream: string;
  error?: unknown;
}

function isAnswerTo(requestId: string, data: unknown): data is StreamAnswer {
  return typeof data === 'object' && data !== null && (data as StreamAnswer).vivariumStream === requestId;
}

/** Opens a stream by the preload bridge. Rejects with the `Failure` that main gives. */
export function openElectronStream(
  bridge: ElectronBridge,
  name: string,
  params: unknown,
): Promise<ByteStream> {
  const requestId = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    const listener = (event: MessageEvent<unknown>): void => {
      if (event.source !== window || !isAnswerTo(requestId, event.data)) return;
      window.removeEventListener('message', listener);
      const port = event.ports[0];
      if (port) resolve(byteStreamOver(portChannel(port)));
      else reject(toFailure(event.data.error));
    };
    window.addEventListener('message', listener);
    bridge.openStream(requestId, name, JSON.parse(JSON.stringify(params)));
  });
}
