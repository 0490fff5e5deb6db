import { codePage437 } from './code-page-437';
import { black, type FrameBuffer } from './frame-buffer';

/** Flags of a cell. */
export const cellBlinks = 1;
export const cellUsesFontB = 2;

/** How long blinking characters and the cursor are shown, and then not shown, in milliseconds. */
export const blinkInterval = 530;

/** The VGA keeps each glyph in 32 bytes of plane 2, one byte a line, whatever its height. */
const glyphBytes = 32;
const glyphsPerPage = 256;

/** Characters whose ninth column repeats the eighth, so that boxes have no gaps. */
const firstLineGraphic = 0xc0;
const lastLineGraphic = 0xdf;

/** How characters are drawn. */
export interface Font {
  /** Lines of a glyph, 1 to 32. */
  height: number;
  /** Pixels of a cell: 8, 9 (one column of space), or 16 (each column drawn twice). */
  width: 8 | 9 | 16;
  /** With 9 pixels: the ninth column of the line graphics repeats the eighth. */
  repeatEighth: boolean;
  /** Plane 2 of the VGA's memory: up to 8 pages of 256 glyphs of 32 bytes. */
  plane: Uint8Array;
}

/** 0xRRGGBB to the frame buffer's opaque 0xAABBGGRR. */
function toPixel(colour: number): number {
  return (black | ((colour & 0xff) << 16) | (colour & 0xff00) | ((colour >> 16) & 0xff)) >>> 0;
}

/**
 * The text modes of a VGA: cells, a font and a cursor, drawn into a frame buffer. Only cells that are different
 * from what was drawn are drawn again.
 */
export class TextRenderer {
  #columns = 0;
  #rows = 0;
  #codes = new Uint8Array(0);
  #flags = new Uint8Array(0);
  #background = new Uint32Array(0);
  #foreground = new Uint32Array(0);
  /** 1 for a cell that has to be drawn. */
  #stale = new Uint8Array(0);
  #anyStale = true;
  #font: Font = { height: 16, width: 9, repeatEighth: true, plane: new Uint8Array(0) };
  #pageA = 0;
  #pageB = 0;
  #cursor = { row: 0, column: 0, start: 0, end: 0, visible: false };
  #blinkOn = true;

  constructor(private readonly frame: FrameBuffer) {
    this.resize(80, 25);
  }

  /** In characters. A different size empties the screen. */
  resize(columns: number, rows: number): void {
    if (columns === this.#columns && rows === this.#rows) return;
    const count = Math.max(0, columns * rows);
    this.#columns = columns;
    this.#rows = rows;
    this.#codes = new Uint8Array(count);
    this.#flags = new Uint8Array(count);
    this.#background = new Uint32Array(count).fill(black);
    this.#foreground = new Uint32Array(count).fill(black);
    this.#stale = new Uint8Array(count);
    this.redrawAll();
  }

  /** Puts a character; colours are 0xRRGGBB. A place outside the screen is ignored. */
  put(
    row: number,
    column: number,
    code: number,
    flags: number,
    background: number,
    foreground: number,
  ): void {
    if (row < 0 || row >= this.#rows || column < 0 || column >= this.#columns) return;
    const cell = row * this.#columns + column;
    const back = toPixel(background);
    const fore = toPixel(foreground);
    const same =
      this.#codes[cell] === code &&
      this.#flags[cell] === flags &&
      this.#background[cell] === back &&
      this.#foreground[cell] === fore;
    if (same) return;
    this.#codes[cell] = code;
    this.#flags[cell] = flags;
    this.#background[cell] = back;
    this.#foreground[cell] = fore;
    this.#touch(cell);
  }

  /** Takes a copy of the plane, which the guest may go on writing to. */
  setFont(font: Font): void {
    this.#font = { ...font, plane: font.plane.slice(0, 8 * glyphsPerPage * glyphBytes) };
    this.redrawAll();
  }

  /** Whether `setFont` with these values and an unchanged plane would change nothing. */
  hasFontShape(font: Omit<Font, 'plane'>): boolean {
    const mine = this.#font;
    return (
      mine.plane.length > 0 &&
      mine.height === font.height &&
      mine.width === font.width &&
      mine.repeatEighth === font.repeatEighth
    );
  }

  /** Which pages (0 to 7) of the font plane cells use without and with `cellUsesFontB`. */
  setFontPages(pageA: number, pageB: number): void {
    if (pageA === this.#pageA && pageB === this.#pageB) return;
    this.#pageA = pageA;
    this.#pageB = pageB;
    this.redrawAll();
  }

  /** First and last line of the cursor inside its cell. */
  setCursorShape(start: number, end: number, visible: boolean): void {
    if (start === this.#cursor.start && end === this.#cursor.end && visible === this.#cursor.visible) return;
    this.#cursor = { ...this.#cursor, start, end, visible };
    this.#touchCursor();
  }

  /** May lie outside the screen: then no cursor is seen. */
  moveCursor(row: number, column: number): void {
    if (row === this.#cursor.row && column === this.#cursor.column) return;
    this.#touchCursor();
    this.#cursor = { ...this.#cursor, row, column };
    this.#touchCursor();
  }

  /** Draws everything at the next `render`, for instance because something else drew into the buffer. */
  redrawAll(): void {
    this.#stale.fill(1);
    this.#anyStale = true;
  }

  /**
   * Draws what changed; gives the frame buffer the size of the text.
   * @param now milliseconds of a clock that only moves forward; decides whether blinking things are shown
   */
  render(now: number): void {
    const width = this.#columns * this.#font.width;
    const height = this.#rows * this.#font.height;
    if (width === 0 || height === 0) return;
    this.#blink(Math.floor(now / blinkInterval) % 2 === 0);
    const before = this.frame.generation;
    this.frame.resize(width, height);
    if (this.frame.generation !== before) this.redrawAll();
    if (!this.#anyStale) return;
    for (let row = 0; row < this.#rows; row++) this.#renderRow(row);
    this.#anyStale = false;
  }

  /** The characters on the screen, one string a row, as Unicode; code 0 is a space. */
  textRows(): string[] {
    return Array.from({ length: this.#rows }, (_, row) => {
      const codes = this.#codes.subarray(row * this.#columns, (row + 1) * this.#columns);
      return Array.from(codes, (code) => codePage437[code] ?? ' ').join('');
    });
  }

  #touch(cell: number): void {
    this.#stale[cell] = 1;
    this.#anyStale = true;
  }

  #cursorCell(): number {
    const { row, column } = this.#cursor;
    const inside = row >= 0 && row < this.#rows && column >= 0 && column < this.#columns;
    return inside ? row * this.#columns + column : -1;
  }

  #touchCursor(): void {
    const cell = this.#cursorCell();
    if (cell >= 0) this.#touch(cell);
  }

  #blink(on: boolean): void {
    if (on === this.#blinkOn) return;
    this.#blinkOn = on;
    if (this.#cursor.visible) this.#touchCursor();
    for (let cell = 0; cell < this.#flags.length; cell++) {
      if ((this.#flags[cell] ?? 0) & cellBlinks) this.#touch(cell);
    }
  }

  /** Draws the stale cells of a row and marks each run of them at once. */
  #renderRow(row: number): void {
    const { width, height } = this.#font;
    const first = row * this.#columns;
    let column = 0;
    while (column < this.#columns) {
      if (!this.#stale[first + column]) {
        column++;
        continue;
      }
      const start = column;
      while (column < this.#columns && this.#stale[first + column]) {
        this.#drawCell(first + column, column * width, row * height);
        this.#stale[first + column] = 0;
        column++;
      }
      this.frame.mark(start * width, row * height, (column - start) * width, height);
    }
  }

  #drawCell(cell: number, x: number, y: number): void {
    const { width, height, plane, repeatEighth } = this.#font;
    const { pixels, width: frameWidth } = this.frame;
    // The buffer is limited in size, so a screen of absurdly many characters is cut off.
    if (x + width > frameWidth || y + height > this.frame.height) return;
    const code = this.#codes[cell] ?? 0;
    const flags = this.#flags[cell] ?? 0;
    const fore = this.#foreground[cell] ?? black;
    const back = this.#background[cell] ?? black;
    const page = flags & cellUsesFontB ? this.#pageB : this.#pageA;
    const glyph = (page * glyphsPerPage + code) * glyphBytes;
    const shown = this.#blinkOn || !(flags & cellBlinks);
    const nine = width === 9 && repeatEighth && code >= firstLineGraphic && code <= lastLineGraphic ? 1 : 0;
    const cursor = this.#cursor;
    const hasCursor = cursor.visible && this.#blinkOn && cell === this.#cursorCell();
    const step = width === 16 ? 2 : 1;

    for (let line = 0; line < height; line++) {
      const inCursor = hasCursor && line >= cursor.start && line <= cursor.end;
      const bits = inCursor ? 0xff : shown ? (plane[glyph + line] ?? 0) : 0;
      let at = (y + line) * frameWidth + x;
      for (let mask = 0x80; mask > 0; mask >>= 1) {
        const colour = bits & mask ? fore : back;
        pixels[at] = colour;
        if (step === 2) pixels[at + 1] = colour;
        at += step;
      }
      if (width === 9) pixels[at] = inCursor || (nine && bits & 1) ? fore : back;
    }
  }
}
