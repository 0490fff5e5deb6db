const smallest = 16 * 1024;

/** Bytes in the order in which they came, readable at any place, taken away at the front. Grows with what is in it. */
export class ByteRing {
  private memory = Buffer.alloc(0);
  private start = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  append(bytes: Uint8Array): void {
    this.ensure(this.count + bytes.length);
    const at = (this.start + this.count) % this.memory.length;
    const first = Math.min(bytes.length, this.memory.length - at);
    this.memory.set(bytes.subarray(0, first), at);
    if (first < bytes.length) this.memory.set(bytes.subarray(first), 0);
    this.count += bytes.length;
  }

  /** Copies `length` bytes that begin at `offset`. Precondition: they are there. */
  copy(target: Buffer, at: number, offset: number, length: number): void {
    const from = (this.start + offset) % this.memory.length;
    const first = Math.min(length, this.memory.length - from);
    this.memory.copy(target, at, from, from + first);
    if (first < length) this.memory.copy(target, at + first, 0, length - first);
  }

  /** Takes bytes away at the front. The memory is given back with the last of them. */
  drop(length: number): void {
    this.count -= length;
    if (this.count === 0) this.clear();
    else this.start = (this.start + length) % this.memory.length;
  }

  clear(): void {
    this.memory = Buffer.alloc(0);
    this.start = 0;
    this.count = 0;
  }

  private ensure(size: number): void {
    if (size <= this.memory.length) return;
    let capacity = Math.max(smallest, this.memory.length);
    while (capacity < size) capacity *= 2;
    const memory = Buffer.allocUnsafeSlow(capacity);
    if (this.count > 0) this.copy(memory, 0, 0, this.count);
    this.memory = memory;
    this.start = 0;
  }
}
