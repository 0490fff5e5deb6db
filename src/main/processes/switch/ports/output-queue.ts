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

interface Waiting {
  run: Buffer;
  frames: number;
  source: object;
}

/**
 * Frames that wait for a port to take them. Each source has its share, so that one that sends without measure
 * leaves room for the others.
 */
export class OutputQueue {
  private readonly waiting: Waiting[] = [];
  private readonly shares = new Map<object, number>();
  private total = 0;

  get bytes(): number {
    return this.total;
  }

  /** @returns false when there is no room for it */
  push(run: Buffer, frames: number, source: object): boolean {
    const used = this.shares.get(source) ?? 0;
    const sources = this.shares.size + (used === 0 ? 1 : 0);
    if (used + run.length > queueLimit / sources || this.total + run.length > 2 * queueLimit) return false;
    this.shares.set(source, used + run.length);
    this.total += run.length;
    const last = this.waiting.at(-1);
    if (last && last.source === source && follows(last.run, run)) {
      last.run = Buffer.from(last.run.buffer, last.run.byteOffset, last.run.length + run.length);
      last.frames += frames;
    } else {
      this.waiting.push({ run: run.length < worthKeeping ? Buffer.from(run) : run, frames, source });
    }
    return true;
  }

  /** Takes what waits, oldest first, up to about `most` bytes. */
  take(most: number): { runs: Buffer[]; frames: number; bytes: number } {
    const taken = { runs: [] as Buffer[], frames: 0, bytes: 0 };
    let count = 0;
    for (const { run, frames, source } of this.waiting) {
      if (count > 0 && taken.bytes + run.length > most) break;
      count++;
      taken.runs.push(run);
      taken.frames += frames;
      taken.bytes += run.length;
      const rest = (this.shares.get(source) ?? 0) - run.length;
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
