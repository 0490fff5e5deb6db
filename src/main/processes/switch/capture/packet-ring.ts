/** A frame as it was captured. */
export interface CapturedPacket {
  /** Counts from 1. */
  number: number;
  /** Milliseconds since 1970, with a fraction. */
  time: number;
  port: string;
  direction: 'received' | 'sent';
  /** Bytes of the frame as it was. */
  length: number;
  /** As much of it as was kept. */
  bytes: Buffer;
}

/** What a packet takes besides its bytes, roughly. */
const overhead = 120;

/** The last packets that were captured, bounded by what they take and by their age. */
export class PacketRing {
  private packets: CapturedPacket[] = [];
  /** Those at the front that have been given up. */
  private gone = 0;
  private size = 0;
  private count = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly maxMs: number,
  ) {}

  get bytes(): number {
    return this.size;
  }

  get givenUp(): number {
    return this.count - (this.packets.length - this.gone);
  }

  get first(): CapturedPacket | undefined {
    return this.packets[this.gone];
  }

  get last(): CapturedPacket | undefined {
    return this.first && this.packets.at(-1);
  }

  push(packet: Omit<CapturedPacket, 'number'>): void {
    this.packets.push({ ...packet, number: ++this.count });
    this.size += packet.bytes.length + overhead;
    this.forget(packet.time);
  }

  get(number: number): CapturedPacket | undefined {
    const { first } = this;
    return first && number >= first.number ? this.packets[this.gone + number - first.number] : undefined;
  }

  /** The packets behind the one of a number, oldest first; also while packets come and go. */
  *after(number: number): Generator<CapturedPacket> {
    for (let next = number + 1; ; next++) {
      const packet = this.get(Math.max(next, this.first?.number ?? 0));
      if (!packet) return;
      yield packet;
      next = packet.number;
    }
  }

  /** Gives up what is too much or too old. */
  forget(now: number): void {
    for (let { first } = this; first; { first } = this) {
      const tooOld = now - first.time > this.maxMs;
      if (!tooOld && (this.size <= this.maxBytes || this.packets.length - this.gone === 1)) break;
      this.size -= first.bytes.length + overhead;
      this.gone++;
    }
    // Moved only now and then, for moving all costs as much as there are.
    if (this.gone > 1024 && this.gone > this.packets.length / 2) {
      this.packets = this.packets.slice(this.gone);
      this.gone = 0;
    }
  }
}
