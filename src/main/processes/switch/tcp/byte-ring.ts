const smallest = 16 * 1024;
/** Memory that no ring uses at the moment is kept for the next up to so many bytes of it. */
const mostSpare = 8 * 1024 * 1024;

/**
 * Memory of rings that have become empty, by its size. Rings fill and empty all the time: taking it from the system
 * for each time would cost more than the copying.
 */
const spare = new Map<number, Buffer[]>();
let spareBytes = 0;

function takeMemory(capacity: number): Buffer {
  const memory = spare.get(capacity)?.pop();
  if (!memory) return Buffer.allocUnsafeSlow(capacity);
  spareBytes -= capacity;
  return memory;
}

function giveMemory(memory: Buffer): void {
  const { length } = memory;
  if (length === 0 || spareBytes + length > mostSpare) return;
  const ofSize = spare.get(length);
  if (ofSize) ofSize.push(memory);
  else spare.set(length, [memory]);
  spareBytes += length;
}

const nothing = Buffer.alloc(0);

/** Bytes in the order in which they came, readable at any place, taken away at the front. Grows with what is in it. */
export class ByteRing {
  /** Its size is a power of two. */
  private memory: Buffer = nothing;
  private start = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.ensure(this.count + bytes.length);
    const at = (this.start + this.count) & (this.memory.length - 1);
    const first = Math.min(bytes.length, this.memory.length - at);
    this.memory.set(first < bytes.length ? bytes.subarray(0, first) : bytes, at);
    if (first < bytes.length) this.memory.set(bytes.subarray(first), 0);
    this.count += bytes.length;
  }

  /** Copies `length` bytes that begin at `offset`. Precondition: they are there. */
  copy(target: Buffer, at: number, offset: number, length: number): void {
    const from = (this.start + offset) & (this.memory.length - 1);
    const first = Math.min(length, this.memory.length - from);
    this.memory.copy(target, at, from, from + first);
    if (first < length) this.memory.copy(target, at + first, 0, length - first);
  }

  /** Takes bytes away at the front. The memory is given back with the last of them. */
  drop(length: number): void {
    this.count -= length;
    if (this.count === 0) this.clear();
    else this.start = (this.start + length) & (this.memory.length - 1);
  }

  clear(): void {
    giveMemory(this.memory);
    this.memory = nothing;
    this.start = 0;
    this.count = 0;
  }

  private ensure(size: number): void {
    if (size <= this.memory.length) return;
    let capacity = Math.max(smallest, this.memory.length);
    while (capacity < size) capacity *= 2;
    const memory = takeMemory(capacity);
    const { count } = this;
    if (count > 0) this.copy(memory, 0, 0, count);
    this.clear();
    this.memory = memory;
    this.count = count;
  }
}
