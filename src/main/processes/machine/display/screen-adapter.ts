import { black, FrameBuffer } from './frame-buffer';
import { cellBlinks, cellUsesFontB, TextRenderer } from './text-renderer';

/** An image whose bytes are red, green, blue, alpha: what the emulated VGA draws its graphics modes into. */
export interface ImagePixels {
  readonly data: Uint8ClampedArray;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** A part of an image and where on the screen it is shown, all in pixels. */
export interface ScreenLayer {
  image_data: ImagePixels;
  screen_x: number;
  screen_y: number;
  buffer_x: number;
  buffer_y: number;
  buffer_width: number;
  buffer_height: number;
}

/** What browsers call ImageData, as far as the emulated VGA needs it. */
class PlainImageData implements ImagePixels {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/** The emulated VGA draws graphics modes only where `ImageData` exists; call this before creating it. */
export function provideImageData(): void {
  const globals = globalThis as { ImageData?: unknown };
  globals.ImageData ??= PlainImageData;
}

/**
 * The screen that v86's VGA drives; the names and arguments of the methods in snake case are v86's, which calls
 * them. Everything ends up in `frame`.
 *
 * Whoever owns the emulator calls, 30 to 60 times a second, v86's `vga.screen_fill_buffer()` and then `refresh`.
 */
export class ScreenAdapter {
  readonly FLAG_BLINKING = cellBlinks;
  readonly FLAG_FONT_PAGE_B = cellUsesFontB;

  readonly frame = new FrameBuffer(720, 400);
  readonly #text = new TextRenderer(this.frame);
  #graphical = false;
  #paused = false;
  #clock = 0;

  /** Whether the guest uses a graphics mode. */
  get graphical(): boolean {
    return this.#graphical;
  }

  /** Draws what changed in text mode. @param now milliseconds of a clock that only moves forward */
  refresh(now: number = performance.now()): void {
    if (!this.#paused) this.#clock = now;
    if (!this.#graphical) this.#text.render(this.#clock);
  }

  /** What stands on the screen in text mode, one string a row; no rows in a graphics mode. */
  textRows(): string[] {
    return this.#graphical ? [] : this.#text.textRows();
  }

  put_char(row: number, column: number, code: number, flags: number, back: number, fore: number): void {
    this.#text.put(row, column, code, flags, back, fore);
  }

  set_font_bitmap(
    height: number,
    ninePixels: boolean,
    doubleWidth: boolean,
    repeatEighth: boolean,
    plane: Uint8Array,
    planeChanged: boolean,
  ): void {
    const width = doubleWidth ? 16 : ninePixels ? 9 : 8;
    const shape = { height, width, repeatEighth } as const;
    if (planeChanged || !this.#text.hasFontShape(shape)) this.#text.setFont({ ...shape, plane });
  }

  set_font_page(pageA: number, pageB: number): void {
    this.#text.setFontPages(pageA, pageB);
  }

  update_cursor_scanline(start: number, end: number, visible: boolean): void {
    this.#text.setCursorShape(start, end, visible);
  }

  update_cursor(row: number, column: number): void {
    this.#text.moveCursor(row, column);
  }

  set_size_text(columns: number, rows: number): void {
    this.#text.resize(columns, rows);
  }

  set_size_graphical(width: number, height: number): void {
    this.frame.resize(width, height);
  }

  set_mode(graphical: boolean): void {
    if (this.#graphical && !graphical) this.#text.redrawAll();
    this.#graphical = graphical;
  }

  /** The image's memory belongs to the emulator, so the layers are copied at once. */
  update_buffer(layers: readonly ScreenLayer[]): void {
    if (!this.#graphical) return;
    for (const layer of layers) {
      const { data, width } = layer.image_data;
      // The emulator's memory may just have moved; it then makes a new image before it draws again.
      if (data.byteLength === 0 || width <= 0) continue;
      const pixels = new Uint32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
      this.frame.copy(
        { pixels, stride: width, x: layer.buffer_x, y: layer.buffer_y },
        { x: layer.screen_x, y: layer.screen_y, width: layer.buffer_width, height: layer.buffer_height },
      );
    }
  }

  /** The guest turned the picture off. In text mode that happens for moments while a mode is set: not shown. */
  clear_screen(): void {
    if (this.#graphical) this.frame.fill(black);
  }

  /** Called while a saved state is restored, before sizes and characters are set again. */
  clear_text_state(): void {
    this.#text.resize(0, 0);
  }

  /** Rows of the screen, as v86's own adapters give them. */
  get_text_screen(): string[] {
    return this.textRows();
  }

  get_text_row(row: number): string {
    return this.textRows()[row] ?? '';
  }

  /** The machine stands still, and so does the blinking. */
  pause(): void {
    this.#paused = true;
  }

  continue(): void {
    this.#paused = false;
  }

  /** Viewers scale the picture themselves. */
  set_scale(): void {}

  /** Pictures are made from `frame`; v86 wants an element of a page here, which does not exist. */
  make_screenshot(): null {
    return null;
  }

  /** Nothing is held that has to be released. */
  destroy(): void {}
}
