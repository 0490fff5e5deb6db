import { distance } from './sequence';

/** From the first byte to the one behind the last. */
export interface SequenceRange {
  start: number;
  end: number;
}

/** Ranges of one connection that are remembered; whoever reports more of them is told everything again. */
const maxRanges = 128;

/** What the other side has of the data behind the first that it misses (RFC 2018, RFC 6675). */
export class Scoreboard {
  /** Ordered; they neither overlap nor touch. */
  private ranges: SequenceRange[] = [];

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** The end of the last range. Precondition: not empty. */
  get highest(): number {
    return this.ranges.at(-1)!.end;
  }

  clear(): void {
    this.ranges = [];
  }

  /**
   * Takes blocks as they came in an acknowledgement. What is not between `oldest` and `highest` is not believed.
   *
   * @returns whether there is anything new in them
   */
  add(blocks: readonly SequenceRange[], oldest: number, highest: number): boolean {
    let isNew = false;
    for (const { start, end } of blocks) {
      const fits = distance(oldest, start) > 0 && distance(start, end) > 0 && distance(end, highest) >= 0;
      if (fits && this.insert(start, end)) isNew = true;
    }
    return isNew;
  }

  /** Everything before `oldest` has been acknowledged. */
  advance(oldest: number): void {
    let count = 0;
    while (count < this.ranges.length && distance(oldest, this.ranges[count]!.end) <= 0) count++;
    if (count > 0) this.ranges.splice(0, count);
    const [first] = this.ranges;
    if (first && distance(oldest, first.start) < 0) first.start = oldest;
  }

  /** Bytes that the other side has from `sequence` on. */
  above(sequence: number): number {
    let bytes = 0;
    for (const { start, end } of this.ranges) {
      const from = distance(start, sequence) > 0 ? sequence : start;
      bytes += Math.max(distance(from, end), 0);
    }
    return bytes;
  }

  /** The first bytes from `sequence` on that are missing, though later ones are there. */
  holeFrom(sequence: number): SequenceRange | undefined {
    let start = sequence;
    for (const range of this.ranges) {
      if (distance(start, range.start) > 0) return { start, end: range.start };
      if (distance(start, range.end) > 0) start = range.end;
    }
    return undefined;
  }

  private insert(start: number, end: number): boolean {
    let index = 0;
    while (index < this.ranges.length && distance(this.ranges[index]!.end, start) > 0) index++;
    let count = 0;
    const joined = { start, end };
    for (
      let range = this.ranges[index];
      range && distance(range.start, end) >= 0;
      range = this.ranges[index + ++count]
    ) {
      if (distance(range.start, start) >= 0 && distance(end, range.end) >= 0) return false;
      if (distance(range.start, joined.start) > 0) joined.start = range.start;
      if (distance(joined.end, range.end) > 0) joined.end = range.end;
    }
    if (count === 0 && this.ranges.length >= maxRanges) return false;
    this.ranges.splice(index, count, joined);
    return true;
  }
}
