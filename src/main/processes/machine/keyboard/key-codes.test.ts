import { describe, expect, it } from 'vitest';
import { chord } from './key-codes';

describe('chord', () => {
  it('presses in order and releases in reverse', () => {
    expect(chord(['ControlLeft', 'AltLeft', 'Delete'])).toEqual([
      [0x1d],
      [0x38],
      [0xe0, 0x53],
      [0xe0, 0xd3],
      [0xb8],
      [0x9d],
    ]);
  });

  it.each([
    ['KeyA', 0x1e],
    ['KeyL', 0x26],
    ['KeyM', 0x32],
    ['KeyP', 0x19],
    ['Digit0', 0x0b],
    ['Slash', 0x35],
    ['Enter', 0x1c],
    ['Backslash', 0x2b],
    ['F1', 0x3b],
    ['F10', 0x44],
    ['F11', 0x57],
    ['F12', 0x58],
    ['Numpad5', 0x4c],
    ['NumpadDecimal', 0x53],
    ['Space', 0x39],
    ['CapsLock', 0x3a],
    ['IntlBackslash', 0x56],
  ])('knows %s', (key, code) => {
    expect(chord([key])).toEqual([[code], [code | 0x80]]);
  });

  it('refuses names that are none, also those that objects have', () => {
    for (const key of ['NoSuchKey', 'constructor', '']) expect(() => chord([key])).toThrow(/no key/);
  });
});
