import { hash } from 'node:crypto';

/** Lengths of chunks in bytes. On average they are `shortest` and half of that again. */
export const shortest = 8 * 1024;
export const longest = 64 * 1024;
/** A chunk may end behind a byte where this many bits of the rolling sum are zero: every 8 KiB, on average. */
const zeroBits = 13;
/** So many bytes decide about an end, because every other has left the rolling sum. */
const windowLength = 32;
const bufferLength = 1024 * 1024;

/** One arbitrary number for each byte. They must stay as they are, or nothing equals what was cut before. */
const gear = Int32Array.from({ length: 256 }, (_, byte) =>
  hash('sha256', Uint8Array.of(byte), 'buffer').readInt32LE(),
);

/**
 * Cuts a stream into chunks where its contents say so (a rolling "gear" sum, as in FastCDC, Xia et al., USENIX ATC
 * 2016): what has moved because something was put in before it is cut into the same chunks again. So equal memory is
 * found whatever an engine's format is, and however the pages follow one another in it.
 */
export class Cutter {
  readonly #buffer = new Uint8Array(bufferLength);
  /** Where the chunk begins that is being looked for, and how far it has been looked through. */
  #start = 0;
  #looked = 0;
  #end = 0;
  #sum = 0;

  /** The chunks that end within `data`. Each is only there until the next is asked for. */
  *cut(data: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < data.length;) {
      if (this.#end === bufferLength) this.#moveToFront();
      const piece = data.subarray(at, at + bufferLength - this.#end);
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
      at += piece.length;
      for (let to = this.#nextCut(); to !== undefined; to = this.#nextCut()) {
        const chunk = this.#buffer.subarray(this.#start, to);
        this.#start = this.#looked = to;
        yield chunk;
      }
    }
  }

  /** What is left at the end of the stream; empty when nothing is. */
  rest(): Uint8Array {
    const chunk = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#looked = this.#end;
    return chunk;
  }

  #moveToFront(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#looked -= this.#start;
    this.#start = 0;
  }

  /** Where the chunk ends that begins at `#start`; undefined when that is not there yet. */
  #nextCut(): number | undefined {
    const { shiftLength } = Cutter;
    const from = this.#start + shortest - windowLength;
    const last = this.#start + longest;
    const end = Math.min(this.#end, last);
    let at = this.#looked;
    let sum = this.#sum;
    if (at < from) {
      at = Math.min(from, end);
      sum = 0;
    }
    const buffer = this.#buffer;
    for (const warm = Math.min(from + windowLength, end); at < warm; at++) {
      sum = ((sum << 1) + (gear[buffer[at] ?? 0] ?? 0)) | 0;
    }
    for (; at < end; at++) {
      sum = ((sum << 1) + (gear[buffer[at] ?? 0] ?? 0)) | 0;
      if (sum >>> shiftLength === 0) return at + 1;
    }
    this.#looked = at;
    this.#sum = sum;
    return at === last ? last : undefined;
  }

  private static readonly shiftLength = 32 - zeroBits;
}
