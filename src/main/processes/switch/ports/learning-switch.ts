import type { Clock } from '../clock';
import { ForwardingTable } from '../ethernet/forwarding-table';
import { readMac } from '../ethernet/frame';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import { hold } from './pieces';
import type { SwitchPort } from './port';

const ageEveryMs = 15_000;

/** Somebody who looks at what passes. Nothing may be changed. */
export interface Tap {
  /** A run of frames, each behind its length, has come in by a port. */
  received(from: SwitchPort, run: Buffer): void;
  /** A run goes out by a port. */
  sent(to: SwitchPort, run: Buffer): void;
}

/**
 * A transparent bridge (IEEE 802.1D, 7.7 and 7.8) without spanning tree: it learns who is where, sends frames to
 * where their receiver is, and to everybody else when it does not know. Frames are not looked at beyond their
 * addresses, so that tags and protocols of any kind pass.
 *
 * Neighbouring frames to one receiver are passed on as one run without being copied: that is where its speed
 * comes from.
 */
export class LearningSwitch {
  readonly stations: ForwardingTable<SwitchPort>;
  /** Where it is set, ports reach these only, and are reached by these only. */
  separate: ReadonlySet<SwitchPort> | undefined;
  /** Sees everything, in the order in which it passes. */
  tap: Tap | undefined;
  private readonly all = new Set<SwitchPort>();
  /** The sender of each port's last frame: it need not be looked up again. */
  private readonly lastSenders = new Map<SwitchPort, number>();
  private cancelAgeing: (() => void) | undefined;

  constructor(private readonly clock: Clock) {
    this.stations = new ForwardingTable(clock.now, (port) => void this.lastSenders.delete(port));
  }

  get ports(): ReadonlySet<SwitchPort> {
    return this.all;
  }

  add(port: SwitchPort): void {
    this.all.add(port);
    if (!this.cancelAgeing) this.age();
  }

  remove(port: SwitchPort): void {
    this.all.delete(port);
    this.forget(port);
  }

  /** Forgets who is behind a port: its cable has been pulled. */
  forget(port: SwitchPort): void {
    this.lastSenders.delete(port);
    this.stations.forget(port);
  }

  close(): void {
    this.cancelAgeing?.();
    this.all.clear();
  }

  /**
   * Switches the whole frames at the front of a chunk.
   *
   * @returns where the first frame begins that is not whole
   * @throws FramingError; frames before the wrong one have been switched
   */
  receive(from: SwitchPort, chunk: Buffer, start: number): number {
    const { length } = chunk;
    let position = start;
    let runStart = start;
    let runFrames = 0;
    /** Undefined: nowhere; null: everywhere. */
    let runTarget: SwitchPort | null | undefined = undefined;
    let lastReceiver = -1;
    let lastTarget: SwitchPort | null | undefined = undefined;
    let lastSender = this.lastSenders.get(from) ?? -1;
    try {
      while (length - position >= prefixLength) {
        const end = position + prefixLength + frameLength(chunk, position);
        if (end > length) break;
        const frame = position + prefixLength;
        from.counters.receivedFrames++;
        from.counters.receivedBytes += end - frame;
        let target: SwitchPort | null | undefined;
        const sender = readMac(chunk, frame + 6);
        if (sender !== lastSender && !this.stations.learn(sender, from)) {
          from.counters.refusedFrames++;
          target = undefined;
        } else {
          lastSender = sender;
          const receiver = readMac(chunk, frame);
          if (receiver !== lastReceiver) {
            lastReceiver = receiver;
            lastTarget = this.targetOf(chunk[frame]!, receiver, from);
          }
          target = lastTarget;
        }
        if (target !== runTarget) {
          if (position > runStart) this.pass(from, runTarget, chunk.subarray(runStart, position), runFrames);
          runStart = position;
          runFrames = 0;
          runTarget = target;
        }
        runFrames++;
        position = end;
      }
    } finally {
      this.lastSenders.set(from, lastSender);
      if (position > runStart) this.pass(from, runTarget, chunk.subarray(runStart, position), runFrames);
    }
    return position;
  }

  private targetOf(firstByte: number, receiver: number, from: SwitchPort): SwitchPort | null | undefined {
    if ((firstByte & 1) === 1) return null;
    const port = this.stations.find(receiver);
    if (!port) return null;
    return port === from ? undefined : port;
  }

  private pass(from: SwitchPort, target: SwitchPort | null | undefined, run: Buffer, frames: number): void {
    this.tap?.received(from, run);
    if (target === undefined) return;
    if (target) {
      if (this.mayReach(from, target)) this.hand(target, run, frames, from, true);
      return;
    }
    for (const port of this.all) {
      if (port !== from && this.mayReach(from, port)) this.hand(port, run, frames, from, false);
    }
  }

  private hand(to: SwitchPort, run: Buffer, frames: number, from: SwitchPort, patient: boolean): void {
    this.tap?.sent(to, run);
    if (to.deliver(run, frames, from, patient)) hold(run);
  }

  private mayReach(from: SwitchPort, to: SwitchPort): boolean {
    const { separate } = this;
    return !separate || separate.has(from) || separate.has(to);
  }

  private age(): void {
    this.cancelAgeing = this.clock.after(ageEveryMs, () => {
      // Those that speak all the time are looked up once more, which keeps them.
      this.lastSenders.clear();
      this.stations.age();
      this.age();
    });
  }
}
