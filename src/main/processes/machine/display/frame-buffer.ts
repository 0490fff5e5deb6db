/** A rectangle of pixels; `x`, `y` is its upper left corner. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A rectangle of pixels to copy from, inside an image whose lines are `stride` pixels apart. */
export interface PixelSource {
  pixels: Uint32Array;
  stride: number;
  x: number;
  y: number;
}

/** Changes are tracked in tiles of this size, in pixels. */
export const tileWidth = 64;
export const tileHeight = 16;

/** No side of a screen is longer; what a guest draws beyond it is not shown. */
export const maxSide = 4096;

/** Opaque black as a pixel. */
export const black = 0xff000000;

function clampSide(length: number): number {
  return Math.max(1, Math.min(maxSide, Math.trunc(length) || 1));
}

/**
 * What a guest shows: pixels whose bytes are red, green, blue, alpha in memory order, so on the little-endian
 * processors that Electron runs on a pixel is the number 0xAABBGGRR.
 *
 * Each change gets the next `generation`, and each tile remembers the generation of its last change. A viewer
 * that remembers the generation it has seen asks `changesSince`, so any number of viewers share one buffer.
 */
export class FrameBuffer {
  #width = 0;
  #height = 0;
  #pixels = new Uint32Array(0);
  #bytes: Buffer = Buffer.alloc(0);
  #columns = 0;
  #tiles = new Float64Array(0);
  #generation = 0;
  readonly #listeners = new Set<() => void>();

  constructor(width: number, height: number) {
    this.resize(width, height);
  }

  /** In pixels. */
  get width(): number {
    return this.#width;
  }

  /** In pixels. */
  get height(): number {
    return this.#height;
  }

  /** Row by row without gaps. Whoever writes here calls `mark` afterwards. Replaced by `resize`. */
  get pixels(): Uint32Array {
    return this.#pixels;
  }

  /** The same memory as `pixels`, as bytes. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The number of the last change; 0 is before every change. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls `listener` right after each change; it must be quick. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Gives the buffer a new size (1 to `maxSide` a side) and makes it black; the same size changes nothing. */
  resize(width: number, height: number): void {
    const newWidth = clampSide(width);
    const newHeight = clampSide(height);
    if (newWidth === this.#width && newHeight === this.#height) return;
    this.#width = newWidth;
    this.#height = newHeight;
    this.#pixels = new Uint32Array(newWidth * newHeight).fill(black);
    this.#bytes = Buffer.from(this.#pixels.buffer);
    this.#columns = Math.ceil(newWidth / tileWidth);
    this.#tiles = new Float64Array(this.#columns * Math.ceil(newHeight / tileHeight));
    this.#markAll();
  }

  /** Makes every pixel `colour` (0xAABBGGRR). */
  fill(colour: number): void {
    this.#pixels.fill(colour);
    this.#markAll();
  }

  /** Notes that pixels inside the rectangle may have changed; what lies outside the buffer is left out. */
  mark(x: number, y: number, width: number, height: number): void {
    const right = Math.min(x + width, this.#width);
    const bottom = Math.min(y + height, this.#height);
    const left = Math.max(x, 0);
    const top = Math.max(y, 0);
    if (left >= right || top >= bottom) return;
    this.#generation++;
    const lastColumn = Math.floor((right - 1) / tileWidth);
    const lastRow = Math.floor((bottom - 1) / tileHeight);
    for (let row = Math.floor(top / tileHeight); row <= lastRow; row++) {
      const base = row * this.#columns;
      this.#tiles.fill(this.#generation, base + Math.floor(left / tileWidth), base + lastColumn + 1);
    }
    this.#notify();
  }

  /**
   * Copies a rectangle of `source` to `target` and marks only the tiles in which a pixel is different, so that a
   * guest that draws the same again costs its viewers nothing. Parts outside either image are left out.
   */
  copy(source: PixelSource, target: Rect): void {
    const sourceLines = Math.floor(source.pixels.length / source.stride) || 0;
    const skipX = Math.max(0, -target.x, -source.x);
    const skipY = Math.max(0, -target.y, -source.y);
    const x = target.x + skipX;
    const y = target.y + skipY;
    const sourceX = source.x + skipX;
    const sourceY = source.y + skipY;
    const width = Math.min(target.width - skipX, this.#width - x, source.stride - sourceX);
    const height = Math.min(target.height - skipY, this.#height - y, sourceLines - sourceY);
    if (width <= 0 || height <= 0) return;

    const { pixels } = source;
    const sourceBytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const stamp = this.#generation + 1;
    let changed = false;
    for (let line = 0; line < height; line++) {
      const from = (sourceY + line) * source.stride + sourceX;
      const to = (y + line) * this.#width + x;
      const fromByte = from * 4;
      const toByte = to * 4;
      const sameLine =
        sourceBytes.compare(this.#bytes, toByte, toByte + width * 4, fromByte, fromByte + width * 4) === 0;
      if (sameLine) continue;
      this.#stampLine(pixels, from, x, y + line, width, stamp);
      sourceBytes.copy(this.#bytes, toByte, fromByte, fromByte + width * 4);
      changed = true;
    }
    if (!changed) return;
    this.#generation = stamp;
    this.#notify();
  }

  /** The tiles that changed after `generation`, joined to as few rectangles as is cheap to find. */
  changesSince(generation: number): Rect[] {
    const done: Rect[] = [];
    if (this.#generation <= generation) return done;
    let above: Rect[] = [];
    for (let top = 0, base = 0; top < this.#height; top += tileHeight, base += this.#columns) {
      const height = Math.min(tileHeight, this.#height - top);
      const current: Rect[] = [];
      let column = 0;
      while (column < this.#columns) {
        if ((this.#tiles[base + column] ?? 0) <= generation) {
          column++;
          continue;
        }
        const first = column;
        while (column < this.#columns && (this.#tiles[base + column] ?? 0) > generation) column++;
        const x = first * tileWidth;
        const width = Math.min(column * tileWidth, this.#width) - x;
        const upper = above.find((rect) => rect.x === x && rect.width === width);
        if (upper) {
          upper.height += height;
          current.push(upper);
        } else {
          const rect = { x, y: top, width, height };
          current.push(rect);
          done.push(rect);
        }
      }
      above = current;
    }
    return done;
  }

  /** Stamps the tiles of one line in which the line of `pixels` that starts at `from` is different. */
  #stampLine(pixels: Uint32Array, from: number, x: number, y: number, width: number, stamp: number): void {
    const mine = this.#pixels;
    const base = Math.floor(y / tileHeight) * this.#columns;
    const shift = y * this.#width + x - from;
    const end = from + width;
    let column = Math.floor(x / tileWidth);
    let start = from;
    while (start < end) {
      const stop = Math.min(end, from + (column + 1) * tileWidth - x);
      if (this.#tiles[base + column] !== stamp) {
        let at = start;
        while (at < stop && pixels[at] === mine[at + shift]) at++;
        if (at < stop) this.#tiles[base + column] = stamp;
      }
      start = stop;
      column++;
    }
  }

  #markAll(): void {
    this.#generation++;
    this.#tiles.fill(this.#generation);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
