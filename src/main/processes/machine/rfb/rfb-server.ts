import type { ByteStream } from '@shared/ipc/byte-stream';
import type { FrameBuffer } from '../display/frame-buffer';
import type { PointerMode, RfbInput } from './input';
import { RfbConnection } from './rfb-connection';

export interface RfbServerOptions {
  /** The desktop's name that viewers show. */
  name?: string;
  /** Updates per second that one viewer gets at most. Default 60. */
  maxFrameRate?: number;
  /** Part of this thread's time that all viewers together may use, 0 to 1. Default 0.2. */
  timeShare?: number;
  /** A viewer was disconnected: it broke the protocol, or an update for it could not be made. */
  onViewerDropped?: (reason: string) => void;
}

export interface RfbStats {
  viewers: number;
  /** Since the server began. */
  bytesSent: number;
  /** Updates with pixels, to all viewers, since the server began. */
  framesSent: number;
  /** The same during the last full second. */
  framesPerSecond: number;
}

/**
 * Shows a frame buffer to any number of viewers over the Remote Framebuffer protocol (RFC 6143) and passes on
 * their input. Runs in the thread of the emulator, which is why it limits how much of that thread it uses.
 */
export class RfbServer {
  /** What the guest's mouse is at the moment; viewers hear of it by other means. */
  pointerMode: PointerMode = 'absolute';

  readonly #connections = new Set<RfbConnection>();
  readonly #stopListening: () => void;
  readonly #options: Required<Omit<RfbServerOptions, 'onViewerDropped'>>;
  readonly #onViewerDropped: ((reason: string) => void) | undefined;
  #bytesSent = 0;
  #framesSent = 0;
  #second = { start: performance.now(), count: 0, last: 0 };

  constructor(
    private readonly frame: FrameBuffer,
    private readonly input: RfbInput,
    options: RfbServerOptions = {},
  ) {
    const { name = 'Vivarium', maxFrameRate = 60, timeShare = 0.2, onViewerDropped } = options;
    this.#options = { name, maxFrameRate, timeShare };
    this.#onViewerDropped = onViewerDropped;
    this.#stopListening = frame.onChange(() => {
      for (const connection of this.#connections) connection.wake();
    });
  }

  /**
   * Serves one more viewer, until either side closes the stream.
   * @param options.remote whether bytes are dearer than time (a network, not a port on the same computer):
   * then updates are compressed, if the viewer can
   */
  attach(stream: ByteStream, options: { remote?: boolean } = {}): void {
    const { frame, input } = this;
    const { name, maxFrameRate, timeShare } = this.#options;
    const viewers = () => this.#connections.size;
    const mode = () => this.pointerMode;
    const connection = new RfbConnection(
      {
        frame,
        input,
        name,
        minimumInterval: 1000 / maxFrameRate,
        get pointerMode() {
          return mode();
        },
        get timeShare() {
          return timeShare / Math.max(1, viewers());
        },
        sent: (bytes, updates) => this.#count(bytes, updates),
        closed: (closed, reason) => {
          this.#connections.delete(closed);
          if (reason !== undefined) this.#onViewerDropped?.(reason);
        },
      },
      stream,
      options.remote ?? false,
    );
    if (!connection.closed) this.#connections.add(connection);
  }

  stats(): RfbStats {
    this.#turnSecond();
    return {
      viewers: this.#connections.size,
      bytesSent: this.#bytesSent,
      framesSent: this.#framesSent,
      framesPerSecond: this.#second.last,
    };
  }

  /** Disconnects every viewer. */
  close(): void {
    this.#stopListening();
    for (const connection of [...this.#connections]) connection.close();
  }

  #count(bytes: number, updates: number): void {
    this.#turnSecond();
    this.#bytesSent += bytes;
    this.#framesSent += updates;
    this.#second.count += updates;
  }

  #turnSecond(): void {
    const passed = performance.now() - this.#second.start;
    if (passed < 1000) return;
    const last = passed < 2000 ? this.#second.count : 0;
    this.#second = { start: performance.now(), count: 0, last };
  }
}
