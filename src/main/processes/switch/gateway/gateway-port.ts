import type { Clock } from '../clock';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import type { LearningSwitch } from '../ports/learning-switch';
import { noTraffic, type SwitchPort } from '../ports/port';
import { FrameArena, type Link } from './link';
import type { Gateway } from './gateway';

/** The gateway's place on the switch. */
export class GatewayPort implements SwitchPort {
  readonly id = 'gateway';
  readonly counters = noTraffic();
  readonly link: Link;
  gateway: Gateway | undefined;
  private readonly arena: FrameArena;
  private inside = false;

  constructor(
    mac: number,
    private readonly bridge: LearningSwitch,
    clock: Clock,
  ) {
    // What the gateway sends while nobody calls it (the host has answered, a timer has run out) goes out soon.
    this.arena = new FrameArena(mac, () => {
      if (!this.inside) clock.soon(() => this.flush());
    });
    this.link = this.arena;
    bridge.add(this);
    bridge.stations.pin(mac, this);
  }

  /** The gateway copies what it needs for longer. */
  deliver(run: Buffer, frames: number, from: SwitchPort): boolean {
    const { gateway } = this;
    if (!gateway) return false;
    this.counters.sentFrames += frames;
    this.counters.sentBytes += run.length - frames * prefixLength;
    this.inside = true;
    try {
      for (let position = 0; position < run.length;) {
        const start = position + prefixLength;
        position = start + frameLength(run, position);
        gateway.receive(run.subarray(start, position), from.id);
      }
      gateway.settle();
    } finally {
      this.inside = false;
    }
    this.flush();
    return false;
  }

  hold(): void {
    // What it sends is bounded by the windows of its connections.
  }

  release(): void {}

  private flush(): void {
    this.arena.pass((run) => this.bridge.receive(this, run, 0));
  }
}
