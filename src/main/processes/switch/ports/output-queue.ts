/** What a source may have waiting when it is the only one, in bytes. */
export const queueLimit = 4 * 1024 * 1024;
/** From here on sources are asked to wait; below `lowWater` they go on. */
export const highWater = 1024 * 1024;
export const lowWater = 256 * 1024;
/**
 * Shorter runs are copied while they wait. A run is a view of what was read at once, which stays in memory as a
 * whole for as long as one run of it waits.
 */
const worthKeeping = 32 * 1024;

/** What a run takes besides its bytes, roughly. */
const runOverhead = 256;

interface Waiting {
  run: Buffer;
  frames: number;
  source: object;
  /** How many runs it was put together from that are not copies. */
  kept: number;
  /** What it counts for, in bytes. */
  cost: number;
}

/** Runs that are to be sent now. */
export interface Batch {
  runs: Buffer[];
  frames: number;
  bytes: number;
  /** For each run how many of those who gave it wait until it has been sent. */
  kept: number[];
}

/**
 * Frames that wait for a port to take them. Each source has its share, so that one that sends without measure
 * leaves room for the others.
 */
export class OutputQueue {
  private readonly waiting: Waiting[] = [];
  private readonly shares = new Map<object, number>();
  private total = 0;
  private cost = 0;

  get bytes(): number {
    return this.total;
  }

  /** @returns what became of the run: there was no room for it, a copy of it waits, or the very bytes do */
  push(run: Buffer, frames: number, source: object): 'refused' | 'copied' | 'kept' {
    const used = this.shares.get(source) ?? 0;
    const sources = this.shares.size + (used === 0 ? 1 : 0);
    const last = this.waiting.at(-1);
    const goesOn = last?.source === source && follows(last.run, run);
    const cost = run.length + (goesOn ? 0 : runOverhead);
    if (used + cost > queueLimit / sources || this.cost + cost > 2 * queueLimit) return 'refused';
    this.shares.set(source, used + cost);
    this.cost += cost;
    this.total += run.length;
    if (goesOn) {
      last.cost += cost;
      last.run = Buffer.from(last.run.buffer, last.run.byteOffset, last.run.length + run.length);
      last.frames += frames;
      last.kept++;
      return 'kept';
    }
    const copied = run.length < worthKeeping;
    this.waiting.push({ run: copied ? Buffer.from(run) : run, frames, source, kept: copied ? 0 : 1, cost });
    return copied ? 'copied' : 'kept';
  }

  /** Takes what waits, oldest first, up to about `most` bytes. */
  take(most: number): Batch {
    const taken: Batch = { runs: [], frames: 0, bytes: 0, kept: [] };
    let count = 0;
    for (const { run, frames, source, kept, cost } of this.waiting) {
      if (count > 0 && taken.bytes + run.length > most) break;
      count++;
      taken.runs.push(run);
      taken.kept.push(kept);
      taken.frames += frames;
      taken.bytes += run.length;
      this.cost -= cost;
      const rest = (this.shares.get(source) ?? 0) - cost;
      if (rest > 0) this.shares.set(source, rest);
      else this.shares.delete(source);
    }
    this.waiting.splice(0, count);
    this.total -= taken.bytes;
    return taken;
  }

  /** Throws everything away. @returns how many frames that were */
  clear(): number {
    return this.take(Infinity).frames;
  }
}

function follows(first: Buffer, second: Buffer): boolean {
  return first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset;
}
