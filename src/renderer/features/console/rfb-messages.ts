/** What a viewer says (RFC 6143 section 7), as far as this side has to look into it. Pure. */

/** Pseudo-encoding “QEMU Pointer Motion Change”: its client may send movement instead of positions. */
export const pointerMotionChange = -257;

/** A PointerEvent with movement carries the movement plus this number. */
const relativeOrigin = 0x7fff;

/** Steps longer than this are split, so that no sum leaves its 16 bits nor looks like a position. */
const longestStep = 2000;

/** Masks of the buttons of a PointerEvent: RFC 6143 section 7.5.5. */
export const buttonMask = {
  left: 0x01,
  middle: 0x02,
  right: 0x04,
  wheelUp: 0x08,
  wheelDown: 0x10,
  wheelLeft: 0x20,
  wheelRight: 0x40,
} as const;

/** Turns `MouseEvent.buttons` (left 1, right 2, middle 4) into a PointerEvent's mask. */
export function maskOfButtons(buttons: number): number {
  return (
    (buttons & 1 ? buttonMask.left : 0) |
    (buttons & 2 ? buttonMask.right : 0) |
    (buttons & 4 ? buttonMask.middle : 0)
  );
}

function pointerEvent(mask: number, x: number, y: number): Uint8Array {
  return Uint8Array.of(5, mask, (x >> 8) & 0xff, x & 0xff, (y >> 8) & 0xff, y & 0xff);
}

/** PointerEvents that move the mouse by whole pixels (positive is right and down) with `mask` held. */
export function relativePointerEvents(mask: number, dx: number, dy: number): Uint8Array[] {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / longestStep));
  const events: Uint8Array[] = [];
  let sentX = 0;
  let sentY = 0;
  for (let step = 1; step <= steps; step++) {
    const x = Math.round((dx * step) / steps);
    const y = Math.round((dy * step) / steps);
    events.push(pointerEvent(mask, relativeOrigin + x - sentX, relativeOrigin + y - sentY));
    sentX = x;
    sentY = y;
  }
  return events;
}

const setEncodings = 2;

/** Lengths of a message: fixed, or known from its first `head` bytes. */
interface Shape {
  head: number;
  length(view: DataView): number;
}

const fixed = (length: number): Shape => ({ head: 1, length: () => length });

const shapes: Record<number, Shape> = {
  0: fixed(20),
  [setEncodings]: { head: 4, length: (view) => 4 + 4 * view.getUint16(2) },
  3: fixed(10),
  4: fixed(8),
  // With extended mouse buttons a PointerEvent whose top bit is set has one byte more.
  5: { head: 2, length: (view) => (view.getUint8(1) & 0x80 ? 7 : 6) },
  // The length is negative for the extended clipboard.
  6: { head: 8, length: (view) => 8 + Math.abs(view.getInt32(4)) },
  150: fixed(10),
  248: { head: 9, length: (view) => 9 + view.getUint8(8) },
  250: fixed(4),
  251: { head: 8, length: (view) => 8 + 16 * view.getUint8(6) },
  255: fixed(12),
};

/** Length of what a viewer of version 3.8 says before its first message, once the security type is known. */
const versionLength = 12;
const responseLength: Record<number, number> = { 1: 0, 2: 16 };

/**
 * Passes on a viewer's bytes and adds `pointerMotionChange` to each SetEncodings among them. Bytes may be cut
 * anywhere; whole messages come out. After something unknown everything is passed on as it is.
 */
export class EncodingsRewriter {
  #rest = new Uint8Array(0);
  #phase: 'version' | 'security' | 'response' | 'init' | 'messages' | 'transparent' = 'version';
  #responseLength = 0;

  /** Whether the handshake is over, so that messages may be put in between. */
  get inMessages(): boolean {
    return this.#phase === 'messages' && this.#rest.length === 0;
  }

  /** The bytes to send for `data`; the result is a copy. */
  rewrite(data: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#rest.length + data.length);
    bytes.set(this.#rest);
    bytes.set(data, this.#rest.length);
    const out: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const length = this.#nextLength(bytes.subarray(at));
      if (length === undefined || at + length > bytes.length) break;
      const piece = bytes.subarray(at, at + length);
      out.push(
        this.#phase === 'messages' && piece[0] === setEncodings ? withPointerMotionChange(piece) : piece,
      );
      at += length;
      this.#advance(piece);
    }
    this.#rest = bytes.slice(at);
    return concatenate(out);
  }

  /** Length of the piece that `bytes` begins with; undefined when more bytes are needed to tell. */
  #nextLength(bytes: Uint8Array): number | undefined {
    if (bytes.length === 0) return undefined;
    switch (this.#phase) {
      case 'version':
        return versionLength;
      case 'security':
      case 'init':
        return 1;
      case 'response':
        return this.#responseLength;
      case 'transparent':
        return bytes.length;
      case 'messages': {
        const shape = shapes[bytes[0] ?? -1];
        if (!shape) {
          this.#phase = 'transparent';
          return bytes.length;
        }
        if (bytes.length < shape.head) return undefined;
        return shape.length(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
      }
    }
  }

  #advance(piece: Uint8Array): void {
    if (this.#phase === 'version') this.#phase = 'security';
    else if (this.#phase === 'security') {
      const length = responseLength[piece[0] ?? -1];
      this.#responseLength = length ?? 0;
      this.#phase = length === undefined ? 'transparent' : length === 0 ? 'init' : 'response';
    } else if (this.#phase === 'response') this.#phase = 'init';
    else if (this.#phase === 'init') this.#phase = 'messages';
  }
}

function withPointerMotionChange(message: Uint8Array): Uint8Array {
  const longer = new Uint8Array(message.length + 4);
  longer.set(message);
  const view = new DataView(longer.buffer);
  view.setUint16(2, view.getUint16(2) + 1);
  view.setInt32(message.length, pointerMotionChange);
  return longer;
}

function concatenate(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
