/** The last bytes of a stream that has no end; positions count from its beginning. */
export class History {
  readonly #ring: Uint8Array;
  #end = 0;

  /** @param capacity bytes that are kept */
  constructor(capacity: number) {
    this.#ring = new Uint8Array(capacity);
  }

  /** The position behind the last byte. */
  get end(): number {
    return this.#end;
  }

  /** The position of the oldest byte that is kept. */
  get start(): number {
    return Math.max(0, this.#end - this.#ring.length);
  }

  push(byte: number): void {
    this.#ring[this.#end % this.#ring.length] = byte;
    this.#end++;
  }

  append(data: Uint8Array): void {
    for (const byte of data) this.push(byte);
  }

  /** At most `limit` bytes from `position` on; a new array. Precondition: `start` ≤ `position` ≤ `end`. */
  read(position: number, limit: number): Uint8Array {
    const length = Math.min(limit, this.#end - position);
    const out = new Uint8Array(length);
    const from = position % this.#ring.length;
    const first = this.#ring.subarray(from, from + length);
    out.set(first);
    out.set(this.#ring.subarray(0, length - first.length), first.length);
    return out;
  }
}
