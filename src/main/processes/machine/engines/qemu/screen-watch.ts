import type { Duplex } from 'node:stream';
import type { Rect } from '../../display/frame-buffer';
import {
  clientMessage,
  encoding,
  framebufferUpdate,
  protocolVersion,
  securityTypeNone,
} from '../../rfb/protocol';
import { ReceiveBuffer } from '../../rfb/receive-buffer';
import type { LivePicture } from './live-picture';
import { connectScreen, type ScreenAddress } from './screen-address';

/** What a watcher tells. */
export interface ScreenNews {
  size(width: number, height: number): void;
  pointer(mode: 'absolute' | 'relative'): void;
  /** Takes what was asked for by `requestChanges`. */
  picture: LivePicture;
}

const bell = 2;
const serverCutText = 3;
const rectangleLength = 12;
/** The widest and highest screen that is believed, in pixels: more than any card of QEMU has, and 256 MiB. */
const longestSide = 8192;

/**
 * A viewer that asks for pixels only when it is told to: QEMU's VNC server tells it the size of the screen and the
 * kind of pointer whenever they change (RFC 6143, and the community's description of the pseudo-encodings), which QMP
 * does not.
 */
export class ScreenWatch {
  readonly #received = new ReceiveBuffer();
  #step: 'version' | 'security' | 'result' | 'init' | 'running' = 'version';
  /** Rectangles of the update under way that have not come yet. */
  #rectangles = 0;
  /** Pixels have been asked for, and have not begun to come; news of other kinds may come first. */
  #requested = false;
  /** Pixels were wanted before they could be asked for. */
  #wanted = false;
  /** The update under way is the answer. */
  #answering = false;
  #size = { width: 0, height: 0 };

  private constructor(
    private readonly socket: Duplex,
    private readonly news: ScreenNews,
  ) {
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => socket.destroy()); // QEMU's end is told elsewhere
  }

  /** @throws the error of `node:net`, Failure `engine.failed` */
  static async connect(address: ScreenAddress, news: ScreenNews): Promise<ScreenWatch> {
    return new ScreenWatch(await connectScreen(address), news);
  }

  close(): void {
    this.socket.destroy();
  }

  /** By either side. */
  get closed(): boolean {
    return this.socket.destroyed;
  }

  /**
   * Has what is different since the last time sent, when there is something; unless it is under way already.
   * @param all everything, different or not
   */
  requestChanges(all: boolean): void {
    if (this.#step !== 'running') this.#wanted = true;
    if (this.#requested || this.#step !== 'running') return;
    this.#requested = true;
    this.socket.write(updateRequest(!all, this.#size));
  }

  #receive(data: Uint8Array): void {
    this.#received.append(data);
    while (!this.socket.destroyed && this.#advance());
  }

  /** Takes one part of what has come; false when more is needed. */
  #advance(): boolean {
    switch (this.#step) {
      case 'version':
        return this.#take(12, () => {
          this.socket.write(protocolVersion);
          this.#step = 'security';
        });
      case 'security': {
        if (this.#received.length < 1) return false;
        const types = this.#received.view().getUint8(0);
        return this.#take(1 + types, () => {
          this.socket.write(Uint8Array.of(securityTypeNone));
          this.#step = 'result';
        });
      }
      case 'result':
        return this.#take(4, () => {
          this.socket.write(Uint8Array.of(1)); // shared
          this.#step = 'init';
        });
      case 'init':
        return this.#initialise();
      case 'running':
        return this.#rectangles > 0 ? this.#rectangle() : this.#message();
    }
  }

  #initialise(): boolean {
    if (this.#received.length < 24) return false;
    const view = this.#received.view();
    const [width, height] = [view.getUint16(0), view.getUint16(2)];
    return this.#take(24 + Math.min(view.getUint32(20), 4096), () => {
      this.socket.write(setEncodings([encoding.desktopSize, encoding.qemuPointerMotionChange]));
      this.#step = 'running';
      this.#resize(width, height);
      if (this.#wanted && !this.closed) this.requestChanges(true);
    });
  }

  #message(): boolean {
    if (this.#received.length < 1) return false;
    const view = this.#received.view();
    switch (view.getUint8(0)) {
      case framebufferUpdate: {
        if (this.#received.length < 4) return false;
        const count = view.getUint16(2);
        return this.#take(4, () => {
          this.#rectangles = count;
          this.#answering = false;
        });
      }
      case bell:
        return this.#take(1, () => {});
      case serverCutText: {
        if (this.#received.length < 8) return false;
        // A negative length is that of the extended clipboard.
        const length = Math.abs(view.getInt32(4));
        this.#received.consume(8 + length);
        return true;
      }
      default:
        this.close(); // whatever this is, the next message cannot be found any more
        return false;
    }
  }

  #rectangle(): boolean {
    if (this.#received.length < rectangleLength) return false;
    const view = this.#received.view();
    const [x, y, width, height, type] = [
      view.getUint16(0),
      view.getUint16(2),
      view.getUint16(4),
      view.getUint16(6),
      view.getInt32(8),
    ];
    if (type === encoding.raw) return this.#pixels({ x, y, width, height });
    return this.#take(rectangleLength, () => {
      this.#rectangles--;
      if (type === encoding.desktopSize) this.#resize(width, height);
      else if (type === encoding.qemuPointerMotionChange)
        this.news.pointer(x === 1 ? 'absolute' : 'relative');
      else this.close(); // in an encoding that nobody asked for
    });
  }

  #resize(width: number, height: number): void {
    if (width > longestSide || height > longestSide) {
      this.close();
      return;
    }
    this.#size = { width, height };
    this.news.picture.resize(width, height);
    this.news.size(width, height);
  }

  #pixels(rect: Rect): boolean {
    const inside = rect.x + rect.width <= this.#size.width && rect.y + rect.height <= this.#size.height;
    if (!inside || (!this.#requested && !this.#answering)) {
      this.close();
      return false;
    }
    this.#answering = true;
    this.#requested = false;
    const length = rectangleLength + 4 * rect.width * rect.height;
    if (this.#received.length < length) return false;
    const view = this.#received.view();
    this.news.picture.paint(
      rect,
      new DataView(view.buffer, view.byteOffset + rectangleLength, length - rectangleLength),
    );
    return this.#take(length, () => {
      this.#rectangles--;
    });
  }

  #take(length: number, then: () => void): boolean {
    if (this.#received.length < length) return false;
    this.#received.consume(length);
    then();
    return true;
  }
}

/** RFC 6143 section 7.5.2. */
function setEncodings(encodings: readonly number[]): Uint8Array {
  const message = new Uint8Array(4 + 4 * encodings.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, 2);
  view.setUint16(2, encodings.length);
  encodings.forEach((type, index) => view.setInt32(4 + 4 * index, type));
  return message;
}

/** RFC 6143 section 7.5.3, for the whole screen. */
function updateRequest(
  incremental: boolean,
  { width, height }: { width: number; height: number },
): Uint8Array {
  const message = new Uint8Array(10);
  const view = new DataView(message.buffer);
  view.setUint8(0, clientMessage.framebufferUpdateRequest);
  view.setUint8(1, incremental ? 1 : 0);
  view.setUint16(6, width);
  view.setUint16(8, height);
  return message;
}
