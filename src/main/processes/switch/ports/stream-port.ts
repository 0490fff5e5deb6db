import { createConnection, type Socket } from 'node:net';
import type { Condition } from '@shared/network/condition';
import type { Clock } from '../clock';
import { type CableEnds, ConditionedCable } from '../conditioner/conditioned-cable';
import { FrameReader, FramingError } from '../../../platform/frame-stream';
import type { LearningSwitch } from './learning-switch';
import { type Batch, highWater, lowWater, OutputQueue } from './output-queue';
import { hold, release } from './pieces';
import { noTraffic, type PortCounters, type SwitchPort } from './port';
import { ReadMemory } from './read-memory';

/** How long sources wait for a port that takes nothing before it is passed over, in milliseconds. */
const patienceMs = 20;
/** Between attempts to connect, in milliseconds; it doubles up to the second. */
const firstRetryMs = 25;
const lastRetryMs = 1000;
/** Handed to the system at once, in bytes. */
const writeSize = 1024 * 1024;

export type LinkState = 'connecting' | 'up' | 'closed';

/** What a port tells besides its frames. */
export interface StreamPortEvents {
  /** `reason` says why a link that was up is not any more. */
  link(state: LinkState, reason?: string): void;
}

/**
 * A machine's network card: a stream socket on which the machine listens. The port connects, and connects again
 * when the connection ends, until it is closed.
 */
export class StreamPort implements SwitchPort {
  readonly counters: PortCounters = noTraffic();
  private readonly queue = new OutputQueue();
  private readonly sources = new Set<SwitchPort>();
  private socket: Socket | undefined;
  private up = false;
  private writing = false;
  /** What the system has not taken all of yet. */
  private underWay: Batch | undefined;
  private closed = false;
  private holds = 0;
  /** It has let its sources wait in vain: until it takes something again nobody waits for it. */
  private stuck = false;
  private retryMs = firstRetryMs;
  private cancelRetry: (() => void) | undefined;
  private cancelPatience: (() => void) | undefined;
  /** Where it is not to be perfect. */
  private cable: ConditionedCable | undefined;

  /** @param path the address of the machine's socket: a unix socket, or a named pipe on Windows */
  constructor(
    readonly id: string,
    readonly path: string,
    private readonly bridge: LearningSwitch,
    private readonly clock: Clock,
    private readonly events: StreamPortEvents,
  ) {
    bridge.add(this);
    this.connect();
  }

  /** Unplugs the cable. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancelRetry?.();
    this.socket?.destroy();
    this.cable?.close();
    this.lost();
    this.bridge.remove(this);
    this.events.link('closed');
  }

  /** Says what the cable is like; null: perfect. Takes effect at once. */
  setCondition(condition: Condition | null): void {
    if (condition && this.cable) {
      this.cable.change(condition);
    } else if (condition) {
      this.cable = new ConditionedCable(this.clock, this.ends(), condition);
    } else {
      this.cable?.flush();
      this.cable = undefined;
    }
  }

  deliver(run: Buffer, frames: number, from: SwitchPort, patient: boolean): boolean {
    if (!this.cable || !this.up) return this.hand(run, frames, from, patient);
    this.cable.takeForMachine(run);
    return true;
  }

  /** @returns whether the bytes are still needed */
  private hand(run: Buffer, frames: number, from: SwitchPort, patient: boolean): boolean {
    if (this.up && !this.writing && this.queue.bytes === 0) {
      return this.write({ runs: [run], bytes: run.length, frames, kept: [1] });
    }
    const pushed = this.up ? this.queue.push(run, frames, from) : 'unconnected';
    if (pushed === 'unconnected') this.counters.unconnectedFrames += frames;
    else if (pushed === 'refused') this.counters.droppedFrames += frames;
    else if (patient && !this.stuck && this.queue.bytes > highWater) this.letWait(from);
    return pushed === 'kept';
  }

  hold(): void {
    if (this.holds++ === 0) this.socket?.pause();
  }

  release(): void {
    if (--this.holds === 0) this.socket?.resume();
  }

  private connect(): void {
    this.events.link('connecting');
    const memory = new ReadMemory();
    const reader = new FrameReader((chunk, start) =>
      this.cable ? this.cable.takeFromMachine(chunk, start) : this.bridge.receive(this, chunk, start),
    );
    const socket = createConnection({
      path: this.path,
      onread: {
        buffer: () => memory.next(),
        callback: (length) => {
          this.read(socket, reader, memory.taken(length));
          if (this.cable) memory.keep();
          return true;
        },
      },
    });
    this.socket = socket;
    let reason: string | undefined;
    socket.on('connect', () => {
      this.up = true;
      this.retryMs = firstRetryMs;
      if (this.holds > 0) socket.pause();
      this.events.link('up');
    });
    socket.on('error', (error) => (reason = error.message));
    socket.on('close', () => {
      if (this.socket !== socket || this.closed) return;
      const wasUp = this.up;
      this.lost();
      if (wasUp) this.events.link('connecting', reason ?? 'the machine closed the connection');
      this.cancelRetry = this.clock.after(this.retryMs, () => this.connect());
      this.retryMs = Math.min(this.retryMs * 2, lastRetryMs);
    });
  }

  private read(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    if (socket.destroyed) return;
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      // Whoever lies about lengths is not listened to again at once.
      this.retryMs = lastRetryMs;
      socket.destroy(error);
    }
  }

  /** @returns whether the system has not taken all of it yet */
  private write(batch: Batch): boolean {
    const { socket } = this;
    if (!socket) return false;
    const { runs, bytes, frames } = batch;
    this.writing = true;
    this.counters.sentFrames += frames;
    this.counters.sentBytes += bytes - 4 * frames;
    const last = runs.length - 1;
    if (last > 0) socket.cork();
    runs.forEach((run, index) => {
      if (index < last) socket.write(run);
      else socket.write(run, () => this.written(socket));
    });
    if (last > 0) socket.uncork();
    // Mostly there is room in the socket, and it is done before the socket says so.
    this.writing = socket.writableLength > 0;
    if (this.writing) this.underWay = batch;
    return this.writing;
  }

  private written(socket: Socket): void {
    if (socket !== this.socket || !this.up || socket.writableLength > 0) return;
    this.writing = false;
    this.stuck = false;
    if (this.underWay) releaseAll(this.underWay);
    this.underWay = undefined;
    if (this.queue.bytes > 0) {
      const batch = this.queue.take(writeSize);
      if (!this.write(batch)) releaseAll(batch);
    }
    if (this.queue.bytes < lowWater) this.letGo();
  }

  private ends(): CableEnds {
    return {
      fromMachine: (run) => void this.bridge.receive(this, run, 0),
      toMachine: (run, frames) => {
        if (this.hand(run, frames, this, false)) hold(run);
      },
      lost: (frames) => void (this.counters.lostFrames += frames),
    };
  }

  private letWait(source: SwitchPort): void {
    if (this.sources.has(source)) return;
    this.sources.add(source);
    source.hold();
    this.cancelPatience ??= this.clock.after(patienceMs, () => {
      this.stuck = true;
      this.letGo();
    });
  }

  private letGo(): void {
    this.cancelPatience?.();
    this.cancelPatience = undefined;
    for (const source of this.sources) source.release();
    this.sources.clear();
  }

  /** The connection is gone, and what was to be sent with it. */
  private lost(): void {
    this.up = false;
    this.writing = false;
    // Not released: the socket may still look at it while it closes.
    this.underWay = undefined;
    this.stuck = false;
    this.counters.unconnectedFrames += this.queue.clear();
    this.bridge.forget(this);
    this.letGo();
  }
}

function releaseAll({ runs, kept }: Batch): void {
  runs.forEach((run, index) => release(run, kept[index] ?? 0));
}
