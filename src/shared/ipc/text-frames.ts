/**
 * Texts over a `ByteStream`: four bytes with the length of the text in UTF-8 (big endian), then the text. Whoever
 * sends something longer than the limit is told nothing of it: such a text is passed over by the reader.
 */

/** Longest text on a clipboard that is passed on, in bytes of UTF-8. */
export const longestText = 1024 * 1024;

const headLength = 4;

export function frameText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(headLength + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length);
  frame.set(bytes, headLength);
  return frame;
}

/** Puts texts together again, however their bytes were cut. Keeps no more than one text of the longest kind. */
export class TextFrames {
  readonly #head = new Uint8Array(headLength);
  #headRead = 0;
  #body: Uint8Array | undefined;
  #length = 0;
  #read = 0;

  /** @param told gets every text that is whole; one that is too long is left out */
  constructor(private readonly told: (text: string) => void) {}

  take(data: Uint8Array): void {
    let at = 0;
    while (at < data.length || this.#isWhole()) {
      if (this.#headRead < headLength) {
        const piece = data.subarray(at, at + headLength - this.#headRead);
        this.#head.set(piece, this.#headRead);
        this.#headRead += piece.length;
        at += piece.length;
        if (this.#headRead === headLength) this.#begin();
        continue;
      }
      const piece = data.subarray(at, at + this.#length - this.#read);
      this.#body?.set(piece, this.#read);
      this.#read += piece.length;
      at += piece.length;
      if (this.#isWhole()) this.#finish();
    }
  }

  #begin(): void {
    this.#length = new DataView(this.#head.buffer).getUint32(0);
    this.#read = 0;
    this.#body = this.#length <= longestText ? new Uint8Array(this.#length) : undefined;
  }

  #isWhole(): boolean {
    return this.#headRead === headLength && this.#read === this.#length;
  }

  #finish(): void {
    const body = this.#body;
    this.#headRead = 0;
    this.#body = undefined;
    if (body) this.told(new TextDecoder().decode(body));
  }
}
