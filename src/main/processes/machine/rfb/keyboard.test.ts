import { beforeEach, describe, expect, it } from 'vitest';
import { KeyboardTranslator } from './keyboard';

let sent: string[];
let keyboard: KeyboardTranslator;

beforeEach(() => {
  sent = [];
  keyboard = new KeyboardTranslator((bytes) => sent.push(bytes.map((byte) => byte.toString(16)).join(' ')));
});

function press(keycode: number): void {
  keyboard.scanCode(true, keycode, 0);
}
function release(keycode: number): void {
  keyboard.scanCode(false, keycode, 0);
}
function type(keysym: number): void {
  keyboard.keysym(true, keysym);
  keyboard.keysym(false, keysym);
}

describe('keys by scan code', () => {
  it('sends make and break', () => {
    press(0x1e);
    release(0x1e);
    expect(sent).toEqual(['1e', '9e']);
  });

  it('gives extended keys their prefix', () => {
    press(0xcb);
    release(0xcb);
    expect(sent).toEqual(['e0 4b', 'e0 cb']);
  });

  it('repeats the make of a key that is held', () => {
    press(0x1e);
    press(0x1e);
    release(0x1e);
    release(0x1e);
    expect(sent).toEqual(['1e', '1e', '9e']);
  });

  it('sends Pause at once and only once', () => {
    press(0xc6);
    press(0xc6);
    release(0xc6);
    expect(sent).toEqual(['e1 1d 45 e1 9d c5']);
  });

  it('sends Break for Ctrl and Pause', () => {
    press(0x1d);
    press(0xc6);
    release(0xc6);
    expect(sent).toEqual(['1d', 'e0 46 e0 c6']);
  });

  it.each([0x54, 0xb7])('sends the long form of Print Screen for %i', (keycode) => {
    press(keycode);
    release(keycode);
    expect(sent).toEqual(['e0 2a e0 37', 'e0 b7 e0 aa']);
  });

  it('sends SysRq with Alt, and releases the same even if Alt went up first', () => {
    press(0x38);
    press(0x54);
    release(0x38);
    release(0x54);
    expect(sent).toEqual(['38', '54', 'b8', 'd4']);
  });

  it('sends the short form of Print Screen with Ctrl', () => {
    press(0x9d);
    press(0x54);
    release(0x54);
    expect(sent).toEqual(['e0 1d', 'e0 37', 'e0 b7']);
  });

  it.each([0, 0x80, 0x100, 0xffffffff])('uses the keysym where the keycode %i is no key', (keycode) => {
    keyboard.scanCode(true, keycode, 0xff0d);
    keyboard.scanCode(false, keycode, 0xff0d);
    expect(sent).toEqual(['1c', '9c']);
  });

  it('releases everything when the viewer leaves', () => {
    press(0x1d);
    press(0x38);
    press(0xd3);
    keyboard.releaseAll();
    keyboard.releaseAll();
    expect(sent.slice(3)).toEqual(['9d', 'b8', 'e0 d3']);
  });
});

describe('keys by keysym', () => {
  it('finds letters, digits and punctuation', () => {
    for (const character of 'q;0/`\\') type(character.charCodeAt(0));
    expect(sent.filter((_, index) => index % 2 === 0)).toEqual(['10', '27', 'b', '35', '29', '2b']);
  });

  it('adds Shift where a character needs it', () => {
    type('A'.charCodeAt(0));
    type('"'.charCodeAt(0));
    expect(sent).toEqual(['2a 1e', '9e aa', '2a 28', 'a8 aa']);
  });

  it('adds none where it is held', () => {
    keyboard.keysym(true, 0xffe1);
    type('A'.charCodeAt(0));
    expect(sent).toEqual(['2a', '1e', '9e']);
  });

  it('takes Shift away where another layout needed it', () => {
    keyboard.keysym(true, 0xffe2);
    type('/'.charCodeAt(0));
    expect(sent).toEqual(['36', 'b6 35 36', 'b5']);
  });

  it('knows that Caps Lock does for letters what Shift does', () => {
    type(0xffe5);
    type('A'.charCodeAt(0));
    type('!'.charCodeAt(0));
    expect(sent).toEqual(['3a', 'ba', '1e', '9e', '2a 2', '82 aa']);
  });

  it('finds function, keypad and Latin-1 keys given as Unicode', () => {
    for (const keysym of [0xffbe, 0xffc7, 0xffc9, 0xffb5, 0xff8d, 0x01000061]) type(keysym);
    expect(sent.filter((_, index) => index % 2 === 0)).toEqual(['3b', '44', '58', '4c', 'e0 1c', '1e']);
  });

  it('ignores what a US keyboard does not have', () => {
    type(0x010020ac);
    type(0xffffffff);
    expect(sent).toEqual([]);
  });
});
