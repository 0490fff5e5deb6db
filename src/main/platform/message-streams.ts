import type { StreamChannel } from '@shared/ipc/byte-stream';
import type { ProcessMessage } from './process-messages';

/** Streams that travel as messages of a process's own channel: for what little main itself says to a process. */
export interface MessageStreams {
  /** This side's end of stream number `stream`. */
  channel(stream: number): StreamChannel;
  /** Gives a received `data` or `end` to its stream; what belongs to none is too late and is dropped. */
  receive(message: Extract<ProcessMessage, { kind: 'data' | 'end' }>): void;
  /** The process is gone: ends every stream. */
  endAll(): void;
}

interface Ends {
  deliver(data: Uint8Array | string): void;
  ended(): void;
}

export function messageStreams(post: (message: ProcessMessage) => void): MessageStreams {
  const open = new Map<number, Ends>();
  return {
    channel(stream) {
      let listener: ((message: Uint8Array | string) => void) | undefined;
      const early: (Uint8Array | string)[] = [];
      const closeListeners: (() => void)[] = [];
      const ended = (): void => {
        if (!open.delete(stream)) return;
        for (const closeListener of closeListeners) closeListener();
      };
      open.set(stream, {
        deliver: (data) => (listener ? listener(data) : early.push(data)),
        ended,
      });
      return {
        send(data) {
          // Copied: what is sent may still wait in the channel's queue when its owner reuses it.
          if (open.has(stream)) {
            post({ kind: 'data', stream, data: typeof data === 'string' ? data : data.slice() });
          }
        },
        onMessage(newListener) {
          listener = newListener;
          for (const data of early.splice(0)) newListener(data);
        },
        onClose(closeListener) {
          if (open.has(stream)) closeListeners.push(closeListener);
          else closeListener();
        },
        close() {
          if (open.has(stream)) post({ kind: 'end', stream });
          ended();
        },
      };
    },
    receive(message) {
      const ends = open.get(message.stream);
      if (message.kind === 'end') ends?.ended();
      else ends?.deliver(message.data);
    },
    endAll() {
      for (const ends of [...open.values()]) ends.ended();
    },
  };
}
