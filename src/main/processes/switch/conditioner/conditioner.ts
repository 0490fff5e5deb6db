import type { Clock } from '../clock';

/** What one direction of a cable is like. */
export interface DirectionCondition {
  /** Bits a second; null: as fast as it goes. */
  bandwidth: number | null;
  latencyMs: number;
  jitterMs: number;
  /** Of a hundred. */
  loss: number;
  duplication: number;
  reordering: number;
}

export interface ConditionerOptions {
  clock: Clock;
  /** A number from 0 to 1. */
  random(): number;
  /** Takes frames, each behind its length, when they have arrived. */
  arrived(run: Buffer, frames: number): void;
  /** Told of frames that are lost on the way. */
  lost(frames: number): void;
}

/** What waits to be sent, in milliseconds of sending and at least in bytes: more is lost, as at a real modem. */
const queueMs = 250;
const leastQueue = 64 * 1024;
/** What is on its way, in bytes: latency must not cost memory without bound. */
export const maxUnderWay = 32 * 1024 * 1024;
/** What a frame takes besides its bytes, roughly: short ones take more of it than of anything else. */
export const frameOverhead = 256;
/** A frame that is overtaken comes so much later, in milliseconds, besides the latency. */
const overtakenMs = 8;
/** Frames that are due so soon are taken along: timers are not exact to less, in milliseconds. */
const grainMs = 0.5;

interface Frame {
  bytes: Buffer;
  at: number;
}

/** One direction of a cable that is not perfect: what is put in comes out later, or not at all. */
export class Conditioner {
  /** In the order of their arrival. */
  private underWay: Frame[] = [];
  /** With what they take besides. */
  private bytes = 0;
  /** When the last bit of what has been put in so far is sent. */
  private sentAt = 0;
  /** The latest arrival of those that keep their order. */
  private lastAt = 0;
  private wakeAt = Infinity;
  private cancelWake: (() => void) | undefined;

  constructor(
    private readonly options: ConditionerOptions,
    private condition: DirectionCondition,
  ) {}

  /** What is on its way already goes on as it was. */
  change(condition: DirectionCondition): void {
    this.condition = condition;
    this.sentAt = Math.min(this.sentAt, this.options.clock.now());
  }

  /** Takes a frame behind its length; it is copied. */
  push(frame: Buffer): void {
    const { random, lost } = this.options;
    const { loss, duplication } = this.condition;
    if (this.chance(loss)) {
      lost(1);
      return;
    }
    const bytes = Buffer.from(frame);
    const copies = this.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) if (!this.send(bytes, random)) lost(1);
    this.wake();
  }

  /** Lets everything arrive at once. */
  flush(): void {
    this.deliver(Infinity);
  }

  /** Throws away what is on its way. */
  close(): void {
    this.cancelWake?.();
    this.wakeAt = Infinity;
    this.underWay = [];
    this.bytes = 0;
  }

  private send(bytes: Buffer, random: () => number): boolean {
    const { bandwidth, latencyMs, jitterMs, reordering } = this.condition;
    const now = this.options.clock.now();
    if (this.bytes + bytes.length + frameOverhead > maxUnderWay) return false;
    let sent = now;
    if (bandwidth !== null) {
      const begin = Math.max(this.sentAt, now);
      const waiting = ((begin - now) * bandwidth) / 8000;
      const room = Math.max(leastQueue, (bandwidth * queueMs) / 8000);
      if (waiting > 0 && waiting + bytes.length > room) return false;
      sent = this.sentAt = begin + (bytes.length * 8000) / bandwidth;
    }
    const delay = Math.max(latencyMs + (2 * random() - 1) * jitterMs, 0);
    let at = Math.max(sent + delay, this.lastAt);
    if (this.chance(reordering)) at += overtakenMs;
    else this.lastAt = at;
    this.insert({ bytes, at });
    return true;
  }

  private chance(percent: number): boolean {
    return percent > 0 && this.options.random() * 100 < percent;
  }

  private insert(frame: Frame): void {
    let place = this.underWay.length;
    while (place > 0 && this.underWay[place - 1]!.at > frame.at) place--;
    this.underWay.splice(place, 0, frame);
    this.bytes += frame.bytes.length + frameOverhead;
  }

  private wake(): void {
    const [first] = this.underWay;
    if (!first || first.at >= this.wakeAt) return;
    this.cancelWake?.();
    this.wakeAt = first.at;
    const { clock } = this.options;
    this.cancelWake = clock.after(Math.max(first.at - clock.now(), 0), () =>
      this.deliver(clock.now() + grainMs),
    );
  }

  private deliver(until: number): void {
    this.cancelWake?.();
    this.wakeAt = Infinity;
    let count = 0;
    while (count < this.underWay.length && this.underWay[count]!.at <= until) count++;
    const due = this.underWay.splice(0, count).map(({ bytes }) => bytes);
    const run = Buffer.concat(due);
    this.bytes -= run.length + count * frameOverhead;
    if (count > 0) this.options.arrived(run, count);
    this.wake();
  }
}
