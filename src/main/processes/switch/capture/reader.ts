/** The frame ends before what should be in it. */
export class Truncated extends Error {}

/** Reads fields of a frame one after the other, and never beyond its end. */
export class FieldReader {
  constructor(
    readonly bytes: Buffer,
    public position: number,
    public end: number,
  ) {}

  get left(): number {
    return this.end - this.position;
  }

  u8(): number {
    return this.bytes[this.advance(1)]!;
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.advance(2));
  }

  u24(): number {
    return this.bytes.readUIntBE(this.advance(3), 3);
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.advance(4));
  }

  take(length: number): Buffer {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.advance(length);
  }

  /** A reader of the next `length` bytes, or of what is there of them; this one goes on behind them. */
  part(length: number): FieldReader {
    const end = Math.min(this.position + length, this.end);
    const part = new FieldReader(this.bytes, this.position, end);
    this.position = end;
    return part;
  }

  private advance(length: number): number {
    const start = this.position;
    if (length < 0 || start + length > this.end) throw new Truncated();
    this.position += length;
    return start;
  }
}
