/**
 * Cuts a stream of bytes into lines, at line feeds; a carriage return before one is dropped. Text is decoded line
 * by line, so that a character whose bytes arrive apart is whole.
 */
export class LineSplitter {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** @param limit longest line, in bytes; a longer one is an error, because nobody knows where it would end */
  constructor(private readonly limit: number) {}

  /** The lines that are complete now. @throws RangeError when a line is too long; nothing more may be pushed then */
  push(data: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a, start)) {
      this.#keep(data.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    // Copied: the buffer that a socket hands over may be reused.
    if (start < data.length) this.#keep(data.slice(start));
    return lines;
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > this.limit) throw new RangeError(`A line of more than ${this.limit} bytes`);
    this.#pieces.push(piece);
  }

  #take(): string {
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    this.#length = 0;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
