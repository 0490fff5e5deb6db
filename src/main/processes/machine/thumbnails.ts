import type { ByteStream } from '@shared/ipc/byte-stream';
import { thumbnailPng } from './display/thumbnail';
import type { ScreenCapture } from './engine';

/** Between two looks at the screen, in milliseconds. */
const fastestMs = 500;
const slowestMs = 5000;
/** Part of one processor that making the thumbnails of a machine may use; the goal is 0.01 with all that it causes. */
const share = 0.006;

interface Viewer {
  stream: ByteStream;
  width: number;
  /** The version of the screen that it has. */
  sent: number | undefined;
}

/**
 * Sends small pictures of the screen, each a PNG in a message of its own: at most two a second, fewer where making
 * them takes long, only when the screen is different, and only to who has taken the last one.
 */
export class Thumbnails {
  readonly #viewers = new Set<Viewer>();
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  /** @param look at the screen; @param failed told why nobody gets any more pictures */
  constructor(
    private readonly look: () => ScreenCapture | Promise<ScreenCapture>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** @param width in pixels; higher than wide they never are */
  connect(stream: ByteStream, width: number): void {
    const viewer: Viewer = { stream, width, sent: undefined };
    this.#viewers.add(viewer);
    stream.onClose(() => this.#viewers.delete(viewer));
    stream.onData(() => {}); // it has nothing to say
    clearTimeout(this.#timer);
    void this.#turn();
  }

  async #turn(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const began = performance.now();
    try {
      await this.#send([...this.#viewers].filter(({ stream }) => stream.unsent === 0));
    } catch (error) {
      this.failed(error);
      for (const { stream } of [...this.#viewers]) stream.close();
    } finally {
      this.#busy = false;
    }
    if (this.#viewers.size === 0) return;
    const rest = (performance.now() - began) / share;
    this.#timer = setTimeout(() => void this.#turn(), Math.min(Math.max(rest, fastestMs), slowestMs));
  }

  async #send(viewers: readonly Viewer[]): Promise<void> {
    if (viewers.length === 0) return;
    const { width, height, rgba: bytes, version } = await this.look();
    const waiting = viewers.filter(({ sent }) => sent !== version);
    const made = new Map<number, Promise<Uint8Array>>();
    for (const viewer of waiting) {
      const png =
        made.get(viewer.width) ?? thumbnailPng({ width, height, bytes }, viewer.width, viewer.width);
      made.set(viewer.width, png);
      viewer.sent = version;
      viewer.stream.send(await png);
    }
  }
}
