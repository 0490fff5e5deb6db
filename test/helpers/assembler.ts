/** Just enough of an assembler for a boot sector: bytes, labels, and references to labels. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #references: { at: number; label: string; kind: 'rel8' | 'rel16' | 'abs16' }[] = [];

  /** @param origin the address at which the first byte will lie */
  constructor(private readonly origin: number) {}

  get position(): number {
    return this.#bytes.length;
  }

  /** Bytes, or `@name` for the 16-bit address of a label. */
  emit(...items: (number | string)[]): this {
    for (const item of items) {
      if (typeof item === 'number') this.#bytes.push(item & 0xff);
      else this.#refer(item.slice(1), 'abs16', 2);
    }
    return this;
  }

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length);
    return this;
  }

  /** A short jump (`opcode` 0x70 to 0x7f, 0xeb, 0xe2) to a label within 127 bytes. */
  short(opcode: number, label: string): this {
    this.#bytes.push(opcode);
    return this.#refer(label, 'rel8', 1);
  }

  call(label: string): this {
    this.#bytes.push(0xe8);
    return this.#refer(label, 'rel16', 2);
  }

  jump(label: string): this {
    this.#bytes.push(0xe9);
    return this.#refer(label, 'rel16', 2);
  }

  text(text: string): this {
    return this.emit(...new TextEncoder().encode(text), 0);
  }

  padTo(length: number): this {
    if (this.#bytes.length > length) throw new Error(`${this.#bytes.length} bytes do not fit in ${length}`);
    while (this.#bytes.length < length) this.#bytes.push(0);
    return this;
  }

  assemble(): Uint8Array {
    const out = Uint8Array.from(this.#bytes);
    const view = new DataView(out.buffer);
    for (const { at, label, kind } of this.#references) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`No label ${label}`);
      if (kind === 'abs16') view.setUint16(at, this.origin + target, true);
      else if (kind === 'rel16') view.setInt16(at, target - (at + 2), true);
      else {
        const distance = target - (at + 1);
        if (distance < -128 || distance > 127) throw new Error(`${label} is too far away`);
        view.setInt8(at, distance);
      }
    }
    return out;
  }

  #refer(label: string, kind: 'rel8' | 'rel16' | 'abs16', size: number): this {
    this.#references.push({ at: this.#bytes.length, label, kind });
    for (let count = 0; count < size; count++) this.#bytes.push(0);
    return this;
  }
}
