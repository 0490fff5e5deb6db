/**
 * Bytes received and not consumed yet, in one piece. Grows by doubling up to what one message may need, so a
 * client that sends a long message byte by byte causes no quadratic work.
 */
export class ReceiveBuffer {
  #bytes = new Uint8Array(1024);
  #start = 0;
  #end = 0;
  #skip = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds bytes; those that are to be skipped are left out. */
  append(data: Uint8Array): void {
    const skipped = Math.min(this.#skip, data.length);
    this.#skip -= skipped;
    const rest = data.subarray(skipped);
    this.#makeRoom(rest.length);
    this.#bytes.set(rest, this.#end);
    this.#end += rest.length;
  }

  /** The bytes; valid until the next call of another method. */
  view(): DataView {
    return new DataView(this.#bytes.buffer, this.#start, this.length);
  }

  /** Drops `count` bytes, also such as have not come yet. */
  consume(count: number): void {
    const present = Math.min(count, this.length);
    this.#start += present;
    this.#skip += count - present;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const needed = this.length + count;
    let capacity = this.#bytes.length;
    while (capacity < needed) capacity *= 2;
    const next = capacity === this.#bytes.length ? this.#bytes : new Uint8Array(capacity);
    next.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = next;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
