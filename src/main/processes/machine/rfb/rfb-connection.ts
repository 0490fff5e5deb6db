import type { ByteStream } from '@shared/ipc/byte-stream';
import type { FrameBuffer, Rect } from '../display/frame-buffer';
import { parseClientMessage, ProtocolError, type ClientMessage } from './client-messages';
import { Handshake } from './handshake';
import type { PointerMode, RfbInput } from './input';
import { KeyboardTranslator } from './keyboard';
import { nativeFormat, pixelWriter } from './pixel-format';
import { PointerTranslator } from './pointer';
import { desktopSizeReason, desktopSizeResult, encoding } from './protocol';
import { ReceiveBuffer } from './receive-buffer';
import { encodeNotice, encodeRaw, ZlibEncoder } from './update-encoder';

/** Received bytes are taken in pieces of this size, so the receive buffer stays small. */
const receivePiece = 64 * 1024;
/** The next update is made when the viewer has taken all but this many bytes of the last one. */
const unsentLimit = 64 * 1024;

const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** What the connections of one server have in common. */
export interface ConnectionContext {
  readonly frame: FrameBuffer;
  readonly input: RfbInput;
  readonly name: string;
  readonly pointerMode: PointerMode;
  /** Milliseconds between two updates, at least. */
  readonly minimumInterval: number;
  /** Part of this thread's time that this connection may use for updates, 0 to 1. */
  readonly timeShare: number;
  /** @param updates 1 if the bytes are an update with pixels, else 0 */
  sent(bytes: number, updates: 0 | 1): void;
  /** @param reason why this side closed the connection, if it was this side */
  closed(connection: RfbConnection, reason?: string): void;
}

function intersect(a: Rect, b: { width: number; height: number }): Rect {
  const width = Math.max(0, Math.min(a.x + a.width, b.width) - a.x);
  const height = Math.max(0, Math.min(a.y + a.height, b.height) - a.y);
  return { x: a.x, y: a.y, width, height };
}

/**
 * One viewer. Updates are made only when the viewer has asked for one, something is different from what it has
 * seen, and it has taken the last update; so however slowly it reads, at most one update waits for it, and what
 * happens meanwhile is merged into the next.
 */
export class RfbConnection {
  readonly #received = new ReceiveBuffer();
  readonly #handshake: Handshake;
  readonly #keyboard: KeyboardTranslator;
  readonly #pointer: PointerTranslator;
  #running = false;
  #closed = false;
  #writer = pixelWriter(nativeFormat);
  #encodings = new Set<number>();
  #zlib: ZlibEncoder | undefined;
  /** The size that the viewer knows. */
  #size = { width: 0, height: 0 };
  /** The generation of the frame buffer that the viewer has. */
  #seen = 0;
  /** The viewer has asked for an update and not got it yet. */
  #requested = false;
  /** The part that it wants even if nothing has changed there. */
  #wanted: Rect | undefined;
  /** Notices that it is to get: whole updates of one rectangle, by kind, so that they cannot pile up. */
  readonly #notices = new Map<string, () => Uint8Array>();
  #sending = false;
  #timer: NodeJS.Timeout | undefined;
  #notBefore = 0;

  constructor(
    private readonly context: ConnectionContext,
    private readonly stream: ByteStream,
    private readonly remote: boolean,
  ) {
    this.#handshake = new Handshake((data) => this.#write(data), context.name);
    this.#keyboard = new KeyboardTranslator((bytes) => context.input.key(bytes));
    this.#pointer = new PointerTranslator(context.input);
    this.#handshake.start();
    stream.onClose(() => this.close());
    stream.onData((data) => this.#receive(data));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Tells the connection that the frame buffer, or what it may use of this thread, has changed. */
  wake(): void {
    if (!this.#requested || this.#sending || this.#timer || this.#closed) return;
    if (!this.#hasNews()) return;
    const wait = Math.max(0, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sending = true;
      this.#update()
        .catch((error: unknown) => this.close(String(error)))
        .finally(() => {
          this.#sending = false;
          this.wake();
        });
    }, wait);
  }

  /** @param reason what the client did wrong, or why it cannot be served; nothing if the stream just ended */
  close(reason?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#zlib?.destroy();
    this.#keyboard.releaseAll();
    this.#pointer.release();
    this.stream.close();
    this.context.closed(this, reason);
  }

  #write(data: Uint8Array, updates: 0 | 1 = 0): void {
    this.stream.send(data);
    this.context.sent(data.byteLength, updates);
  }

  #receive(data: Uint8Array): void {
    try {
      for (let at = 0; at < data.length && !this.#closed; at += receivePiece) {
        this.#received.append(data.subarray(at, at + receivePiece));
        this.#process();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }

  #process(): void {
    if (!this.#running) {
      const { width, height } = this.context.frame;
      this.#running = this.#handshake.advance(this.#received, { width, height });
      if (!this.#running) return;
      this.#size = { width, height };
    }
    while (this.#received.length > 0 && !this.#closed) {
      const result = parseClientMessage(this.#received.view());
      if (result.kind === 'needs') return;
      this.#received.consume(result.length);
      if (result.kind === 'message') this.#handle(result.message);
    }
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'pixelFormat':
        this.#writer = pixelWriter(message.format);
        break;
      case 'encodings':
        this.#setEncodings(new Set(message.encodings));
        break;
      case 'updateRequest':
        this.#requested = true;
        if (!message.incremental) this.#want(message);
        this.wake();
        break;
      case 'key':
        this.#keyboard.keysym(message.down, message.keysym);
        break;
      case 'scanCode':
        this.#keyboard.scanCode(message.down, message.keycode, message.keysym);
        break;
      case 'pointer': {
        const movement = this.#encodings.has(encoding.qemuPointerMotionChange);
        this.#pointer.handle(message, this.context.pointerMode, movement, this.#size);
        break;
      }
      case 'cutText':
        this.context.input.cutText(message.text);
        break;
      case 'setDesktopSize':
        this.#refuseDesktopSize();
        break;
    }
  }

  #setEncodings(encodings: Set<number>): void {
    const before = this.#encodings;
    this.#encodings = encodings;
    const isNew = (type: number) => encodings.has(type) && !before.has(type);
    if (isNew(encoding.qemuExtendedKeyEvent)) {
      this.#notices.set('key', () => encodeNotice(nowhere, encoding.qemuExtendedKeyEvent));
    }
    if (isNew(encoding.extendedDesktopSize)) {
      this.#notices.set('size', () => this.#sizeNotice(desktopSizeReason.server, desktopSizeResult.done));
    }
    this.wake();
  }

  /** The size of a screen is the guest's decision. */
  #refuseDesktopSize(): void {
    if (!this.#encodings.has(encoding.extendedDesktopSize)) return;
    const { thisClient } = desktopSizeReason;
    this.#notices.set('refusal', () => this.#sizeNotice(thisClient, desktopSizeResult.prohibited));
    this.wake();
  }

  /** An ExtendedDesktopSize rectangle with one screen of the size that the viewer knows. */
  #sizeNotice(reason: number, result: number): Uint8Array {
    const { width, height } = this.#size;
    const payload = new Uint8Array(20);
    const view = new DataView(payload.buffer);
    view.setUint8(0, 1);
    view.setUint16(12, width);
    view.setUint16(14, height);
    return encodeNotice({ x: reason, y: result, width, height }, encoding.extendedDesktopSize, payload);
  }

  /** Two requests for parts that nobody has answered yet become one for what surrounds both. */
  #want({ x, y, width, height }: Rect): void {
    const before = this.#wanted ?? { x, y, width, height };
    const left = Math.min(x, before.x);
    const top = Math.min(y, before.y);
    const right = Math.max(x + width, before.x + before.width);
    const bottom = Math.max(y + height, before.y + before.height);
    this.#wanted = { x: left, y: top, width: right - left, height: bottom - top };
  }

  #hasNews(): boolean {
    if (this.#notices.size > 0 || this.#wanted || this.#sizeEncoding() !== undefined) return true;
    return this.context.frame.generation > this.#seen;
  }

  async #update(): Promise<void> {
    await this.stream.drained(unsentLimit);
    if (this.#closed) return;
    const start = performance.now();
    const notice = this.#nextNotice();
    const made = notice ?? this.#nextPixels();
    if (!made) return;
    this.#requested = false;
    let busy = performance.now() - start;
    const message = made instanceof Uint8Array ? made : await made;
    if (this.#closed) return;
    const sendStart = performance.now();
    this.#write(message, notice ? 0 : 1);
    busy += performance.now() - sendStart;
    this.#notBefore = start + Math.max(this.context.minimumInterval, busy / this.context.timeShare);
  }

  #nextNotice(): Uint8Array | undefined {
    for (const [kind, make] of this.#notices) {
      this.#notices.delete(kind);
      return make();
    }
    return this.#resize();
  }

  /** How to tell the viewer that the size is not what it knows; nothing if it is, or if it cannot be told. */
  #sizeEncoding(): number | undefined {
    const { width, height } = this.context.frame;
    if (width === this.#size.width && height === this.#size.height) return undefined;
    const known = [encoding.extendedDesktopSize, encoding.desktopSize];
    return known.find((type) => this.#encodings.has(type));
  }

  /** Tells the viewer the new size of the screen, whose pixels it then has to get again. */
  #resize(): Uint8Array | undefined {
    const type = this.#sizeEncoding();
    if (type === undefined) return undefined;
    const { width, height } = this.context.frame;
    this.#size = { width, height };
    this.#seen = 0;
    if (type === encoding.desktopSize) return encodeNotice({ x: 0, y: 0, width, height }, type);
    return this.#sizeNotice(desktopSizeReason.server, desktopSizeResult.done);
  }

  /** What has changed anywhere, whichever part an incremental request names, and what was wanted anyway. */
  #nextPixels(): Uint8Array | Promise<Uint8Array> | undefined {
    const { frame } = this.context;
    const changed = frame.changesSince(this.#seen);
    this.#seen = frame.generation;
    const rects = (this.#wanted ? [...changed, this.#wanted] : changed)
      .map((rect) => intersect(intersect(rect, frame), this.#size))
      .filter(({ width, height }) => width > 0 && height > 0);
    this.#wanted = undefined;
    if (rects.length === 0) return undefined;
    const whole = rects.find(({ width, height }) => width === frame.width && height === frame.height);
    const needed = whole ? [whole] : rects;
    if (!this.remote || !this.#encodings.has(encoding.zlib)) return encodeRaw(frame, needed, this.#writer);
    this.#zlib ??= new ZlibEncoder();
    return this.#zlib.encode(frame, needed, this.#writer);
  }
}
