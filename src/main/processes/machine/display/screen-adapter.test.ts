import { afterEach, describe, expect, it } from 'vitest';
import { black } from './frame-buffer';
import { provideImageData, ScreenAdapter, type ScreenLayer } from './screen-adapter';

function layer(pixels: Uint32Array, width: number, part: Partial<ScreenLayer> = {}): ScreenLayer {
  const data = new Uint8ClampedArray(pixels.buffer);
  const height = pixels.length / width;
  const whole = {
    screen_x: 0,
    screen_y: 0,
    buffer_x: 0,
    buffer_y: 0,
    buffer_width: width,
    buffer_height: height,
  };
  return { image_data: { data, width, height }, ...whole, ...part };
}

describe('ScreenAdapter', () => {
  it('shows text after a refresh', () => {
    const screen = new ScreenAdapter();
    screen.set_size_text(2, 1);
    screen.set_font_bitmap(16, true, false, true, new Uint8Array(65536).fill(0xff), true);
    screen.put_char(0, 0, 0x48, 0, 0, 0xffffff);
    screen.put_char(0, 1, 0x69, 0, 0, 0xffffff);
    screen.refresh(0);
    expect([screen.frame.width, screen.frame.height]).toEqual([18, 16]);
    expect(screen.frame.pixels[0]).toBe(0xffffffff);
    expect(screen.textRows()).toEqual(['Hi']);
    expect([screen.get_text_screen(), screen.get_text_row(0), screen.get_text_row(7)]).toEqual([
      ['Hi'],
      'Hi',
      '',
    ]);
  });

  it('takes the font again only when something about it is different', () => {
    const screen = new ScreenAdapter();
    const plane = new Uint8Array(65536);
    screen.set_size_text(1, 1);
    screen.put_char(0, 0, 1, 0, 0, 0xffffff);
    screen.set_font_bitmap(16, false, false, false, plane, false);
    screen.refresh(0);
    plane.fill(0xff);
    screen.set_font_bitmap(16, false, false, false, plane, false);
    screen.refresh(0);
    expect(screen.frame.pixels[0]).toBe(black);
    screen.set_font_bitmap(16, false, false, false, plane, true);
    screen.refresh(0);
    expect(screen.frame.pixels[0]).toBe(0xffffffff);
  });

  it('copies layers, also such as scroll and split', () => {
    const screen = new ScreenAdapter();
    screen.set_mode(true);
    screen.set_size_graphical(4, 2);
    const image = Uint32Array.from({ length: 12 }, (_, index) => index);
    screen.update_buffer([
      layer(image, 4, { screen_x: -1, buffer_y: 1, buffer_height: 1 }),
      layer(image, 4, { screen_x: 3, buffer_y: 2, buffer_height: 1 }),
      layer(image, 4, { screen_y: 1, buffer_height: 1 }),
    ]);
    expect([...screen.frame.pixels]).toEqual([5, 6, 7, 8, 0, 1, 2, 3]);
    expect(screen.textRows()).toEqual([]);
  });

  it('leaves out an image whose memory has moved away', () => {
    const screen = new ScreenAdapter();
    screen.set_mode(true);
    screen.set_size_graphical(2, 2);
    const memory = new ArrayBuffer(16);
    const lost = layer(new Uint32Array(memory), 2);
    structuredClone(memory, { transfer: [memory] });
    expect(lost.image_data.data.byteLength).toBe(0);
    screen.update_buffer([lost]);
    expect(screen.frame.pixels[0]).toBe(black);
  });

  it('draws the text again after a graphics mode', () => {
    const screen = new ScreenAdapter();
    screen.set_size_text(1, 1);
    screen.set_font_bitmap(8, false, false, false, new Uint8Array(65536).fill(0xff), true);
    screen.put_char(0, 0, 1, 0, 0, 0xffffff);
    screen.refresh(0);
    screen.set_mode(true);
    screen.set_size_graphical(8, 8);
    screen.clear_screen();
    screen.refresh(0);
    expect(screen.frame.pixels[0]).toBe(black);
    screen.set_mode(false);
    screen.refresh(0);
    expect(screen.frame.pixels[0]).toBe(0xffffffff);
  });

  it('stops blinking, but not drawing, while the machine is paused', () => {
    const screen = new ScreenAdapter();
    screen.set_size_text(1, 1);
    screen.set_font_bitmap(8, false, false, false, new Uint8Array(65536), true);
    screen.put_char(0, 0, 1, 0, 0, 0xffffff);
    screen.update_cursor(0, 0);
    screen.update_cursor_scanline(0, 7, true);
    screen.refresh(0);
    screen.pause();
    screen.put_char(0, 0, 1, 0, 0, 0xff0000);
    screen.refresh(600);
    expect(screen.frame.pixels[0]).toBe(0xff0000ff);
    screen.continue();
    screen.refresh(600);
    expect(screen.frame.pixels[0]).toBe(black);
  });
});

describe('provideImageData', () => {
  const globals = globalThis as { ImageData?: new (data: Uint8ClampedArray, w: number, h: number) => object };
  afterEach(() => delete globals.ImageData);

  it('gives a class where there is none', () => {
    provideImageData();
    const { ImageData } = globals;
    const data = new Uint8ClampedArray(8);
    expect(ImageData && new ImageData(data, 2, 1)).toEqual({ data, width: 2, height: 1 });
    provideImageData();
    expect(globals.ImageData).toBe(ImageData);
  });
});
