import type { SequenceRange } from './scoreboard';
import { distance } from './sequence';

/**
 * Of each piece so many bytes count as its own, at least: so the capacity of a connection bounds their number too. Their
 * bytes are bounded by the window.
 */
const leastPiece = 1024;

/** Data that has come before what precedes it. */
export class ReceiveQueue {
  /** Ordered by their beginnings; they do not overlap. */
  private pieces: { sequence: number; data: Buffer }[] = [];

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /**
   * Keeps a copy of what is not there yet.
   *
   * @param capacity of the connection, in bytes
   */
  add(sequence: number, data: Buffer, capacity: number): void {
    const maxPieces = capacity / leastPiece;
    let from = sequence;
    let rest = data;
    let index = 0;
    while (rest.length > 0 && this.pieces.length < maxPieces) {
      const piece = this.pieces[index];
      if (!piece) {
        this.insert(index, from, rest);
        return;
      }
      const before = distance(from, piece.sequence);
      if (before > 0) {
        const length = Math.min(before, rest.length);
        this.insert(index++, from, rest.subarray(0, length));
        rest = rest.subarray(length);
        from = (from + length) >>> 0;
        if (rest.length === 0) return;
      }
      const overlap = distance(from, piece.sequence) + piece.data.length;
      if (overlap > 0) {
        rest = rest.subarray(Math.min(overlap, rest.length));
        from = (from + overlap) >>> 0;
      }
      index++;
    }
  }

  /**
   * The ranges that are there, as far as they are told at once: first the one that `latest` is in, which came last
   * (RFC 2018, 4), then the others from the highest down.
   */
  ranges(latest: number, most: number): SequenceRange[] {
    const all: SequenceRange[] = [];
    for (const { sequence, data } of this.pieces) {
      const end = (sequence + data.length) >>> 0;
      const last = all.at(-1);
      if (last?.end === sequence) last.end = end;
      else all.push({ start: sequence, end });
    }
    const isLatest = ({ start, end }: SequenceRange): boolean =>
      distance(start, latest) >= 0 && distance(latest, end) > 0;
    return [...all.filter(isLatest), ...all.filter((range) => !isLatest(range)).reverse()].slice(0, most);
  }

  /** Takes the data that goes on at `sequence`, if it is there. */
  take(sequence: number): Buffer | undefined {
    const [first] = this.pieces;
    if (!first) return undefined;
    const late = distance(first.sequence, sequence);
    if (late < 0) return undefined;
    this.pieces.shift();
    return late < first.data.length ? first.data.subarray(late) : this.take(sequence);
  }

  clear(): void {
    this.pieces = [];
  }

  private insert(index: number, sequence: number, data: Buffer): void {
    // In memory of its own: a small piece must not keep a large one alive that it is cut from.
    const copy = Buffer.allocUnsafeSlow(data.length);
    data.copy(copy);
    this.pieces.splice(index, 0, { sequence, data: copy });
  }
}
