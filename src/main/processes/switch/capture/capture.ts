import { Failure } from '@shared/errors';
import {
  type CaptureRequest,
  type CaptureStatus,
  type PacketDetail,
  type PacketPage,
  type PacketSummary,
  type TcpStream,
} from '@shared/network/capture';
import { phrase } from '@shared/phrases/phrase';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import type { SwitchPort } from '../ports/port';
import type { Tap } from '../ports/learning-switch';
import { Breather } from './breather';
import type { Decoded } from './decode/decoded';
import { decodeFrame } from './decode/frame';
import { parseFilter } from './filter';
import { followStream } from './follow';
import { type CapturedPacket, PacketRing } from './packet-ring';
import { savePcapng } from './save';

/** Frames looked at for one page: whoever waits for it wants to see that it goes on. */
const maxLookedAt = 20_000;

/** A capture of so many bytes of each frame leaves next to nothing out. */
const wholeFrames = 65_535;

export interface CaptureOptions {
  request: CaptureRequest;
  /** Milliseconds since 1970, with a fraction. */
  wallClock(): number;
  /** A port's name as a person reads it. */
  nameOf(port: string): string;
}

/** What passes a network, or one of its ports, kept for a while. */
export class Capture implements Tap {
  private readonly ring: PacketRing;
  private readonly started: number;
  private running = true;

  constructor(private readonly options: CaptureOptions) {
    const { maxBytes, maxSeconds } = options.request;
    this.ring = new PacketRing(maxBytes, maxSeconds === null ? Infinity : maxSeconds * 1000);
    this.started = options.wallClock();
  }

  get status(): CaptureStatus {
    const { request, wallClock } = this.options;
    if (this.running) this.ring.forget(wallClock());
    return {
      running: this.running,
      port: request.port,
      started: new Date(this.started).toISOString(),
      first: this.ring.first?.number ?? 0,
      last: this.ring.last?.number ?? 0,
      bytes: this.ring.bytes,
      givenUp: this.ring.givenUp,
    };
  }

  received(from: SwitchPort, run: Buffer): void {
    const { port } = this.options.request;
    if (port === null || port === from.id) this.keep(from.id, 'received', run);
  }

  sent(to: SwitchPort, run: Buffer): void {
    if (this.options.request.port === to.id) this.keep(to.id, 'sent', run);
  }

  stop(): void {
    this.running = false;
  }

  /** @throws Failure `input.invalid` for a filter that is none */
  async page(after: number, limit: number, filterText: string): Promise<PacketPage> {
    const filter = parseFilter(filterText);
    const page: PacketPage = { packets: [], next: after, complete: true };
    let lookedAt = 0;
    const breather = new Breather();
    for (const packet of this.ring.after(after)) {
      if (lookedAt++ >= maxLookedAt || page.packets.length >= limit) {
        page.complete = false;
        break;
      }
      page.next = packet.number;
      const decoded = decodeFrame(packet.bytes);
      if (filter(decoded, packet.length)) page.packets.push(summaryOf(packet, decoded));
      if (breather.isDue) await breather.rest();
    }
    return page;
  }

  /** @throws Failure `network.no-capture` when it is not there any more */
  detail(number: number): PacketDetail {
    const packet = this.find(number);
    const decoded = decodeFrame(packet.bytes);
    return {
      packet: summaryOf(packet, decoded),
      layers: decoded.layers,
      bytes: packet.bytes.toString('base64'),
    };
  }

  /** @throws Failure `network.no-capture`, `input.invalid` for a packet that is no TCP segment */
  async follow(number: number): Promise<TcpStream> {
    const stream = await followStream(this.upToNow(), this.find(number));
    if (stream) return stream;
    throw new Failure('input.invalid', phrase('network.noStream'));
  }

  /** @throws Failure `input.invalid`, the errors of `node:fs` */
  async save(path: string, filterText: string): Promise<{ path: string; packets: number }> {
    const filter = parseFilter(filterText);
    const { request, nameOf } = this.options;
    // What is there now: the ring goes on while the file is written.
    const all = [...this.ring.after(0)];
    const fits = ({ bytes, length }: CapturedPacket): boolean =>
      filterText.trim() === '' || filter(decodeFrame(bytes), length);
    return { path, packets: await savePcapng(path, all, fits, request.snapLength, nameOf) };
  }

  /** What has been captured so far: whoever looks at it must not run after what comes meanwhile. */
  private *upToNow(): Generator<CapturedPacket> {
    const last = this.ring.last?.number ?? 0;
    for (const packet of this.ring.after(0)) {
      if (packet.number > last) return;
      yield packet;
    }
  }

  private find(number: number): CapturedPacket {
    const packet = this.ring.get(number);
    if (packet) return packet;
    throw new Failure('network.no-capture', phrase('network.packetGone', { number }));
  }

  private keep(port: string, direction: CapturedPacket['direction'], run: Buffer): void {
    const { request, wallClock } = this.options;
    const time = wallClock();
    // Copied: the memory that frames are read into is used again. As one where nothing is left out.
    const copy = request.snapLength >= wholeFrames ? Buffer.from(run) : undefined;
    for (let position = 0; position < run.length;) {
      const frame = position + prefixLength;
      const length = frameLength(run, position);
      position = frame + length;
      const kept = Math.min(length, request.snapLength);
      const bytes = copy?.subarray(frame, frame + kept) ?? Buffer.from(run.subarray(frame, frame + kept));
      this.ring.push({ time, port, direction, length, bytes });
    }
  }
}

function summaryOf(
  { number, time, port, direction, length }: CapturedPacket,
  { source, destination, protocol, info }: Decoded,
): PacketSummary {
  return { number, time, port, direction, length, source, destination, protocol, info };
}
