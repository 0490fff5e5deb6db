/** A key that goes down or up, with QEMU's number of the key. */
export interface KeyMove {
  number: number;
  down: boolean;
}

const breakBit = 0x80;
/** QEMU's number of a key whose scan code has the prefix E0 is the code with this bit. */
const extendedBit = 0x80;
/** The only key with the prefix E1; QEMU gives it a number of its own. */
const pauseNumber = 0xc6;

/**
 * Turns the bytes of a PC keyboard (scan code set 1) into movements of keys. Bytes may come in pieces: what is
 * incomplete waits for the rest.
 */
export class ScancodeReader {
  #prefix: 'none' | 'e0' | 'e1' | 'e1-second' = 'none';

  read(bytes: readonly number[]): KeyMove[] {
    const moves: KeyMove[] = [];
    for (const byte of bytes) {
      const move = this.#byte(byte);
      if (move) moves.push(move);
    }
    return moves;
  }

  #byte(byte: number): KeyMove | undefined {
    const prefix = this.#prefix;
    this.#prefix = 'none';
    if (prefix === 'e1') {
      this.#prefix = 'e1-second';
      return undefined;
    }
    const down = (byte & breakBit) === 0;
    if (prefix === 'e1-second') return { number: pauseNumber, down };
    if (prefix === 'none' && (byte === 0xe0 || byte === 0xe1)) {
      this.#prefix = byte === 0xe0 ? 'e0' : 'e1';
      return undefined;
    }
    return { number: (byte & 0x7f) | (prefix === 'e0' ? extendedBit : 0), down };
  }
}
