import { keyPlace, type KeyPlace } from './keysyms';

/** Keycodes as QEMU's extended key event has them: scan codes of set 1, with 0x80 instead of the prefix E0. */
const leftShift = 0x2a;
const rightShift = 0x36;
const capsLock = 0x3a;
const printScreen = 0x54;
const extendedPrintScreen = 0xb7;
const pause = 0xc6;
const controls = [0x1d, 0x9d];
const alts = [0x38, 0xb8];

const extendedPrefix = 0xe0;
const breakBit = 0x80;

/** What the keyboard sends when a key goes down and when it goes up. */
interface KeyBytes {
  make: number[];
  break: number[];
}

/** Keys given by keysym are remembered apart from those given by keycode. */
const keysymOffset = 0x1_0000_0000;

/**
 * Turns one viewer's key events into the bytes of a PC keyboard in scan code set 1, as in IBM's description of
 * the enhanced keyboard: Pause and Print Screen have sequences of their own. What goes up is what went down,
 * whatever happened to the modifiers in between.
 */
export class KeyboardTranslator {
  readonly #held = new Map<number, { keycode: number; break: number[] }>();
  #capsLockOn = false;

  /** @param send gets the bytes of each press, repeat and release */
  constructor(private readonly send: (bytes: readonly number[]) => void) {}

  /** A key by its place on the keyboard; one without a usable place is looked up by its keysym. */
  scanCode(down: boolean, keycode: number, keysym: number): void {
    const usable = keycode > 0 && keycode <= 0xff && keycode !== breakBit;
    if (!usable) this.keysym(down, keysym);
    else if (down) this.#press(keycode, keycode, this.#bytesOf(keycode));
    else this.#release(keycode);
  }

  /** A key by what it means; found on a US keyboard, with Shift added or taken away where that is needed. */
  keysym(down: boolean, keysym: number): void {
    const place = keyPlace(keysym);
    if (!place) return;
    const key = keysymOffset + keysym;
    if (down) this.#press(key, place.keycode, this.#withShift(place, this.#bytesOf(place.keycode)));
    else this.#release(key);
  }

  /** Releases what is held: the viewer is gone. */
  releaseAll(): void {
    for (const key of [...this.#held.keys()]) this.#release(key);
  }

  #press(key: number, keycode: number, bytes: KeyBytes): void {
    const repeated = this.#held.has(key);
    if (repeated && keycode === pause) return;
    if (keycode === capsLock && !repeated) this.#capsLockOn = !this.#capsLockOn;
    this.#held.set(key, { keycode, break: bytes.break });
    this.send(bytes.make);
  }

  #release(key: number): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    if (held.break.length > 0) this.send(held.break);
  }

  #holds(...keycodes: number[]): boolean {
    for (const { keycode } of this.#held.values()) if (keycodes.includes(keycode)) return true;
    return false;
  }

  #bytesOf(keycode: number): KeyBytes {
    if (keycode === pause) {
      // With Ctrl the key is Break, which has a release; plain Pause sends press and release at once.
      if (this.#holds(...controls)) return { make: [0xe0, 0x46, 0xe0, 0xc6], break: [] };
      return { make: [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5], break: [] };
    }
    if (keycode === printScreen || keycode === extendedPrintScreen) {
      if (this.#holds(...alts)) return { make: [0x54], break: [0xd4] };
      const bare = !this.#holds(leftShift, rightShift, ...controls);
      if (bare) return { make: [0xe0, 0x2a, 0xe0, 0x37], break: [0xe0, 0xb7, 0xe0, 0xaa] };
      return { make: [0xe0, 0x37], break: [0xe0, 0xb7] };
    }
    const code = keycode & ~breakBit;
    if (keycode & breakBit) {
      return { make: [extendedPrefix, code], break: [extendedPrefix, code | breakBit] };
    }
    return { make: [code], break: [code | breakBit] };
  }

  #withShift({ shift, letter }: KeyPlace, bytes: KeyBytes): KeyBytes {
    if (shift === undefined) return bytes;
    const wanted = letter && this.#capsLockOn ? !shift : shift;
    const left = this.#holds(leftShift);
    const right = this.#holds(rightShift);
    if (wanted === (left || right)) return bytes;
    if (wanted) return { make: [leftShift, ...bytes.make], break: [...bytes.break, leftShift | breakBit] };
    const shifts = [...(left ? [leftShift] : []), ...(right ? [rightShift] : [])];
    return {
      make: [...shifts.map((code) => code | breakBit), ...bytes.make, ...shifts],
      break: bytes.break,
    };
  }
}
