/** Memory that is read into again and again: making it anew for each part costs more than reading. */
export class SpareMemory {
  readonly #spare: ArrayBuffer[] = [];

  /** Contains whatever it does. @param length in bytes */
  take(length: number): Uint8Array {
    const spare = this.#spare.pop();
    // A little more than is needed now, so that it does for the next part as well, whose length is hardly the same.
    const memory = spare && spare.byteLength >= length ? spare : new ArrayBuffer(length + (length >> 4));
    return new Uint8Array(memory, 0, length);
  }

  /** Nobody may use it any more. @param taken from `take` */
  giveBack(taken: Uint8Array): void {
    this.#spare.push(taken.buffer as ArrayBuffer);
  }
}
