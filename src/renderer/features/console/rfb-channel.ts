import type { ByteStream } from '@shared/ipc/byte-stream';
import type { RawChannel } from '@novnc/novnc';
import { EncodingsRewriter, relativePointerEvents } from './rfb-messages';

/**
 * A `ByteStream` in the shape of a WebSocket, for noVNC. It also tells the server that this viewer can send
 * movement of a captured mouse, and sends it.
 *
 * noVNC looks for the names of `RawChannel` among the object's own properties and those of its prototype.
 */
export class RfbChannel implements RawChannel {
  binaryType = 'arraybuffer';
  readonly protocol = '';
  readyState: RawChannel['readyState'] = 'open';
  onopen: RawChannel['onopen'] = null;
  onmessage: RawChannel['onmessage'] = null;
  onclose: RawChannel['onclose'] = null;
  onerror: RawChannel['onerror'] = null;
  readonly #stream: ByteStream;
  readonly #outgoing = new EncodingsRewriter();

  constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.onClose(() => {
      if (this.readyState === 'closed') return;
      this.readyState = 'closed';
      this.onclose?.({});
    });
  }

  /** Begins to deliver; to be called once noVNC has put its handlers in place. */
  begin(): void {
    this.#stream.onData((data) => {
      this.onmessage?.({ data: exactBuffer(data) });
    });
  }

  send(data: Uint8Array): void {
    if (this.readyState !== 'open') return;
    this.#stream.send(this.#outgoing.rewrite(data));
  }

  /** Sends movement of the mouse, in pixels, with the buttons of `mask` held. */
  sendMovement(mask: number, dx: number, dy: number): void {
    if (this.readyState !== 'open' || !this.#outgoing.inMessages) return;
    for (const event of relativePointerEvents(mask, dx, dy)) this.#stream.send(event);
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#stream.close();
    // noVNC waits for this event to be done with a connection that it closes itself.
    queueMicrotask(() => this.onclose?.({}));
  }
}

/** An ArrayBuffer with exactly the bytes of `data`; a copy only where the view is a part of a larger buffer. */
function exactBuffer(data: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = data;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) return buffer;
  return data.slice().buffer as ArrayBuffer;
}
