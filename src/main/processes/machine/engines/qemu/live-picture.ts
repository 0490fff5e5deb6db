import { FrameBuffer, type Rect } from '../../display/frame-buffer';
import type { ScreenCapture } from '../../engine';

/** Opaque. */
const alpha = 0xff000000;

/**
 * The screen as QEMU's VNC server tells its changes: whoever looks gets what was there at the last look, and has the
 * changes since then sent. A screen on which nothing changes costs nothing.
 */
export class LivePicture {
  readonly #frame = new FrameBuffer(1, 1);
  #size = { width: 0, height: 0 };
  #complete = false;
  #completed: (() => void) | undefined;

  /** The screen has a size that makes everything before worthless. */
  resize(width: number, height: number): void {
    this.#size = { width, height };
    this.#complete = false;
    this.#frame.resize(width, height);
  }

  /** Nobody tells its changes any more. */
  forget(): void {
    this.#complete = false;
  }

  /** Whether all of it has to be asked for. */
  get isNew(): boolean {
    return !this.#complete;
  }

  /** Takes pixels as the server has them: blue, green, red and a byte that means nothing, row by row. */
  paint(rect: Rect, bytes: DataView): void {
    const pixels = new Uint32Array(rect.width * rect.height);
    for (let index = 0; index < pixels.length; index++) {
      const pixel = bytes.getUint32(4 * index, true);
      pixels[index] = ((pixel >>> 16) & 0xff) | (pixel & 0xff00) | ((pixel & 0xff) << 16) | alpha;
    }
    this.#frame.copy({ pixels, stride: rect.width, x: 0, y: 0 }, rect);
    const { width, height } = this.#size;
    this.#complete ||= rect.x + rect.width >= width && rect.y + rect.height >= height;
    if (this.#complete) this.#completed?.();
  }

  /** Resolves when all of it has been seen, or after `limitMs`. For one who waits at a time. */
  async complete(limitMs: number): Promise<void> {
    if (this.#complete) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, limitMs);
      this.#completed = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.#completed = undefined;
  }

  /** Undefined until all of it has been seen. Versions count downwards, so that none is taken for a screenshot's. */
  get capture(): ScreenCapture | undefined {
    if (!this.#complete) return undefined;
    const { width, height, bytes, generation } = this.#frame;
    return { width, height, rgba: bytes, version: -generation };
  }
}
