import type { ByteStream } from '@shared/ipc/byte-stream';
import { History } from './history';

/** What a new reader gets first, in bytes. */
export const historyLength = 64 * 1024;
/** How far behind the guest a reader may be before it misses something, in bytes. */
const backlog = 1024 * 1024;
/** A reader is sent more when it has taken all but this many bytes. */
const unsentLimit = 64 * 1024;
const pieceLength = 32 * 1024;
/** Output is gathered for this long, so that a line does not travel as fifty messages. */
const gatherMs = 2;
/** Input that waits for the guest; the stream of somebody who does not wait for acknowledgements is closed there. */
const inputLimit = 4 * 1024 * 1024;

interface Reader {
  stream: ByteStream;
  position: number;
  pumping: boolean;
}

interface Input {
  data: Uint8Array;
  taken: number;
  done: () => void;
}

/**
 * One serial port as the world outside the guest sees it: any number of streams that read and write it. A reader
 * that is slow costs no memory and never stops the guest; one that falls behind by a mebibyte is told what it has
 * missed. What is written waits until the guest takes it.
 */
export class SerialHub {
  readonly #history = new History(backlog);
  readonly #readers = new Set<Reader>();
  readonly #inputs: Input[] = [];
  #inputBytes = 0;
  #gathering: NodeJS.Timeout | undefined;

  /** @param onInput told when there is something for the guest where there was nothing */
  constructor(private readonly onInput: () => void) {}

  /** The guest sends a byte. */
  output(byte: number): void {
    this.#history.push(byte);
    if (this.#readers.size > 0) this.#gathering ??= setTimeout(() => this.#deliver(), gatherMs);
  }

  get hasInput(): boolean {
    return this.#inputs.length > 0;
  }

  /** Gives the guest at most `limit` bytes of what was written to the port. */
  take(limit: number, give: (byte: number) => void): void {
    let left = limit;
    for (let input = this.#inputs[0]; input && left > 0; input = this.#inputs[0]) {
      const piece = input.data.subarray(input.taken, input.taken + left);
      input.taken += piece.length;
      left -= piece.length;
      this.#inputBytes -= piece.length;
      for (const byte of piece) give(byte);
      if (input.taken < input.data.length) return;
      this.#inputs.shift();
      input.done();
    }
  }

  /** Adds a stream; it gets the last 64 KiB of output first. */
  connect(stream: ByteStream): void {
    const position = Math.max(this.#history.start, this.#history.end - historyLength);
    const reader: Reader = { stream, position, pumping: false };
    this.#readers.add(reader);
    stream.onClose(() => this.#readers.delete(reader));
    stream.onData((data) => this.#input(data));
    void this.#pump(reader);
  }

  /** The machine is gone. */
  close(): void {
    clearTimeout(this.#gathering);
    this.#deliver();
    for (const { stream } of [...this.#readers]) stream.close();
    for (const { done } of this.#inputs.splice(0)) done();
  }

  #input(data: Uint8Array): Promise<void> | void {
    if (data.length === 0) return;
    if (this.#inputBytes + data.length > inputLimit) {
      return Promise.reject(new Error('Whoever writes to the serial port does not wait'));
    }
    const wasEmpty = this.#inputs.length === 0;
    const taken = new Promise<void>((done) => this.#inputs.push({ data: data.slice(), taken: 0, done }));
    this.#inputBytes += data.length;
    if (wasEmpty) this.onInput();
    return taken;
  }

  #deliver(): void {
    this.#gathering = undefined;
    for (const reader of this.#readers) void this.#pump(reader);
  }

  async #pump(reader: Reader): Promise<void> {
    if (reader.pumping) return;
    reader.pumping = true;
    const { stream } = reader;
    while (this.#readers.has(reader) && reader.position < this.#history.end) {
      if (stream.unsent > unsentLimit) await stream.drained(unsentLimit);
      if (!this.#readers.has(reader)) break;
      const missed = this.#history.start - reader.position;
      if (missed > 0) {
        stream.send(new TextEncoder().encode(`\r\n[${missed} bytes were not shown]\r\n`));
        reader.position = this.#history.start;
      }
      const piece = this.#history.read(reader.position, pieceLength);
      reader.position += piece.length;
      stream.send(piece);
    }
    reader.pumping = false;
  }
}
