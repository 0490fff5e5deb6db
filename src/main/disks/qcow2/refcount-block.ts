/** Access to reference counts of `bits` bits each, packed as the qcow2 specification says ("Refcount blocks"). */
export class PackedCounts {
  readonly max: number;
  private readonly bits: number;

  constructor(bits: number) {
    this.bits = bits;
    this.max = bits >= 53 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1;
  }

  get(block: Uint8Array, index: number): number {
    const { bits } = this;
    if (bits < 8) {
      // Within a byte the first count is in the lowest bits.
      const position = index * bits;
      return ((block[position >> 3] ?? 0) >> (position & 7)) & (2 ** bits - 1);
    }
    const width = bits / 8;
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + (block[index * width + i] ?? 0);
    return value;
  }

  set(block: Uint8Array, index: number, value: number): void {
    const { bits } = this;
    if (bits < 8) {
      const position = index * bits;
      const mask = (2 ** bits - 1) << (position & 7);
      block[position >> 3] = ((block[position >> 3] ?? 0) & ~mask) | (value << (position & 7));
      return;
    }
    const width = bits / 8;
    let rest = value;
    for (let i = width - 1; i >= 0; i--) {
      block[index * width + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
}
