import { FrameBuffer } from '../../display/frame-buffer';

const columns = 80;
const rows = 25;
const cellWidth = 8;
const cellHeight = 16;
const barColours = [
  0xffffffff, 0xff00ffff, 0xffffff00, 0xff00ff00, 0xffff00ff, 0xff0000ff, 0xffff0000, 0xff202020,
];
const squareSide = 48;

/** The screen of a fake machine: a test picture with a square that moves, or text. 640 × 400 pixels. */
export class FakeScreen {
  readonly frame = new FrameBuffer(columns * cellWidth, rows * cellHeight);
  graphical = true;
  #rows: string[] = [''];

  /** @param step how far the picture has moved */
  draw(step: number): void {
    if (this.graphical) this.#drawPicture(step);
    else this.#drawText();
  }

  setGraphics(on: boolean): void {
    this.graphical = on;
  }

  print(text: string): void {
    for (const char of text) {
      const last = this.#rows.length - 1;
      const row = this.#rows[last] ?? '';
      if (char === '\n') this.#rows.push('');
      else if (char === '\b') this.#rows[last] = row.slice(0, -1);
      else if (char >= ' ' && row.length < columns) this.#rows[last] = row + char;
    }
    this.#rows = this.#rows.slice(-rows);
  }

  text(): string[] {
    return Array.from({ length: rows }, (_, row) => (this.#rows[row] ?? '').padEnd(columns));
  }

  #drawPicture(step: number): void {
    const { frame } = this;
    const { width, height, pixels } = frame;
    const barWidth = width / barColours.length;
    for (let x = 0; x < width; x++) pixels[x] = barColours[Math.floor(x / barWidth)] ?? 0xff000000;
    for (let y = 1; y < height; y++) pixels.copyWithin(y * width, 0, width);
    const left = (step * 4) % (width - squareSide);
    const top = (step * 2) % (height - squareSide);
    for (let y = top; y < top + squareSide; y++) {
      pixels.fill(0xff000000, y * width + left, y * width + left + squareSide);
    }
    frame.mark(0, 0, width, height);
  }

  /** There is no font: each character is drawn as the bits of its code, which is enough to see what changes. */
  #drawText(): void {
    const { frame } = this;
    frame.pixels.fill(0xff000000);
    this.text().forEach((text, row) => {
      for (let column = 0; column < columns; column++) {
        const code = text.charCodeAt(column);
        for (let bit = 0; code > 0x20 && bit < 7; bit++) {
          if (((code >> bit) & 1) === 0) continue;
          const y = row * cellHeight + 2 + bit * 2;
          const x = column * cellWidth + 1;
          frame.pixels.fill(0xffc0c0c0, y * frame.width + x, y * frame.width + x + cellWidth - 2);
        }
      }
    });
    frame.mark(0, 0, frame.width, frame.height);
  }
}
