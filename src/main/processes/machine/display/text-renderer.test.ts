import { describe, expect, it } from 'vitest';
import { FrameBuffer } from './frame-buffer';
import { blinkInterval, cellBlinks, cellUsesFontB, TextRenderer, type Font } from './text-renderer';

const white = 0xffffff;

/** Glyph 'A' of page 0 is a corner, the line graphic 0xC4 a bar, 'A' of page 1 a full block; 4 lines high. */
function testPlane(): Uint8Array {
  const plane = new Uint8Array(65536);
  plane.set([0b11111111, 0b10000000, 0b10000001, 0b00000000], 0x41 * 32);
  plane.set([0, 0b11111111, 0, 0], 0xc4 * 32);
  plane.set([0, 0b11111111, 0, 0], 0x42 * 32);
  plane.set([255, 255, 255, 255], 8192 + 0x41 * 32);
  return plane;
}

function screen(columns: number, rows: number, font: Partial<Font> = {}) {
  const frame = new FrameBuffer(1, 1);
  const text = new TextRenderer(frame);
  text.resize(columns, rows);
  text.setFont({ height: 4, width: 8, repeatEighth: true, plane: testPlane(), ...font });
  return { frame, text };
}

/** The frame as lines of characters: '#' for white, '.' for black, 'o' for anything else. */
function picture({ width, pixels }: FrameBuffer): string[] {
  const signs = Array.from(pixels, (p) => (p === 0xffffffff ? '#' : p === 0xff000000 ? '.' : 'o')).join('');
  return signs.match(new RegExp(`.{${width}}`, 'g')) ?? [];
}

describe('TextRenderer', () => {
  it('draws a glyph of 8 pixels', () => {
    const { frame, text } = screen(1, 1);
    text.put(0, 0, 0x41, 0, 0, white);
    text.render(0);
    expect(picture(frame)).toEqual(['########', '#.......', '#......#', '........']);
  });

  it('draws colours as they are given', () => {
    const { frame, text } = screen(1, 1);
    text.put(0, 0, 0x41, 0, 0x102030, 0xaa5500);
    text.render(0);
    expect([...frame.bytes.subarray(0, 4)]).toEqual([0xaa, 0x55, 0x00, 0xff]);
    expect([...frame.bytes.subarray(12 * 4, 13 * 4)]).toEqual([0x10, 0x20, 0x30, 0xff]);
  });

  it('repeats the eighth column of line graphics only', () => {
    const { frame, text } = screen(2, 1, { width: 9 });
    text.put(0, 0, 0xc4, 0, 0, white);
    text.put(0, 1, 0x42, 0, 0, white);
    text.render(0);
    expect(picture(frame)[1]).toBe('#########' + '########.');
    const plain = screen(1, 1, { width: 9, repeatEighth: false });
    plain.text.put(0, 0, 0xc4, 0, 0, white);
    plain.text.render(0);
    expect(picture(plain.frame)[1]).toBe('########.');
  });

  it('draws each column twice in double width', () => {
    const { frame, text } = screen(1, 1, { width: 16 });
    text.put(0, 0, 0x41, 0, 0, white);
    text.render(0);
    expect(picture(frame)[2]).toBe('##............##');
  });

  it('uses the second font for cells that say so', () => {
    const { frame, text } = screen(2, 1);
    text.setFontPages(0, 1);
    text.put(0, 0, 0x41, 0, 0, white);
    text.put(0, 1, 0x41, cellUsesFontB, 0, white);
    text.render(0);
    expect(picture(frame)[3]).toBe('........########');
  });

  it('does not follow later writes to the plane until it is told', () => {
    const plane = testPlane();
    const { frame, text } = screen(1, 1, { plane });
    plane.fill(0);
    text.put(0, 0, 0x41, 0, 0, white);
    text.render(0);
    expect(picture(frame)[0]).toBe('########');
    text.setFont({ height: 4, width: 8, repeatEighth: true, plane });
    text.render(0);
    expect(picture(frame)[0]).toBe('........');
  });

  it('blinks characters and the cursor', () => {
    const { frame, text } = screen(2, 1);
    text.put(0, 0, 0x41, cellBlinks, 0, white);
    text.put(0, 1, 0x20, 0, 0, white);
    text.moveCursor(0, 1);
    text.setCursorShape(2, 3, true);
    text.render(0);
    const on = ['########........', '#...............', '#......#########', '........########'];
    expect(picture(frame)).toEqual(on);
    text.render(blinkInterval);
    expect(picture(frame)).toEqual(Array(4).fill('................'));
    text.render(2 * blinkInterval);
    expect(picture(frame)).toEqual(on);
  });

  it('moves the cursor and leaves nothing behind', () => {
    const { frame, text } = screen(2, 2);
    for (const cell of [0, 1, 2, 3]) text.put(cell >> 1, cell & 1, 0x20, 0, 0, white);
    text.setCursorShape(3, 3, true);
    text.moveCursor(0, 0);
    text.render(0);
    expect(picture(frame)[3]).toBe('########........');
    text.moveCursor(1, 1);
    text.render(0);
    expect(picture(frame)[3]).toBe('................');
    expect(picture(frame)[7]).toBe('........########');
    text.moveCursor(9, 9);
    text.render(0);
    expect(picture(frame)[7]).toBe('................');
  });

  it('draws only cells that are different', () => {
    const { frame, text } = screen(80, 25, { height: 16, width: 8 });
    for (let row = 0; row < 25; row++) for (let c = 0; c < 80; c++) text.put(row, c, 0x41, 0, 0, white);
    text.render(0);
    const seen = frame.generation;
    text.put(3, 10, 0x41, 0, 0, white);
    text.render(0);
    expect(frame.generation).toBe(seen);
    text.put(3, 10, 0x42, 0, 0, white);
    text.render(0);
    expect(frame.changesSince(seen)).toEqual([{ x: 64, y: 48, width: 64, height: 16 }]);
  });

  it('gives the frame the size of the text and cuts off what the frame cannot hold', () => {
    const { frame, text } = screen(80, 25, { height: 16, width: 9 });
    text.render(0);
    expect([frame.width, frame.height]).toEqual([720, 400]);
    text.resize(300, 10);
    text.setFont({ height: 32, width: 16, repeatEighth: false, plane: testPlane() });
    text.put(9, 299, 0x41, 0, white, white);
    text.render(0);
    expect([frame.width, frame.height]).toEqual([4096, 320]);
  });

  it('draws everything again when something else has changed the size of the frame', () => {
    const { frame, text } = screen(1, 1);
    text.put(0, 0, 0x41, 0, 0, white);
    text.render(0);
    frame.resize(320, 200);
    text.render(0);
    expect(picture(frame)[0]).toBe('########');
  });

  it('ignores characters outside the screen', () => {
    const { text } = screen(2, 1);
    text.put(5, 0, 0x41, 0, 0, white);
    text.put(0, 2, 0x41, 0, 0, white);
    text.put(-1, 0, 0x41, 0, 0, white);
    expect(text.textRows()).toEqual(['  ']);
  });

  it('tells what stands on the screen', () => {
    const { text } = screen(8, 2);
    [0x43, 0x3a, 0x5c, 0x3e, 0x81, 0xb0, 0xe3, 0xfe].forEach((code, column) => {
      text.put(1, column, code, 0, 0, white);
    });
    expect(text.textRows()).toEqual(['        ', 'C:\\>ü░π■']);
  });
});
