import { clientMessage, limits, qemuExtendedKeyEvent } from './protocol';
import { pixelFormatLength, readPixelFormat, type PixelFormat } from './pixel-format';

/** What a client says after the handshake. */
export type ClientMessage =
  | { type: 'pixelFormat'; format: PixelFormat }
  | { type: 'encodings'; encodings: number[] }
  | { type: 'updateRequest'; incremental: boolean; x: number; y: number; width: number; height: number }
  | { type: 'key'; down: boolean; keysym: number }
  | { type: 'scanCode'; down: boolean; keysym: number; keycode: number }
  | { type: 'pointer'; buttons: number; x: number; y: number }
  | { type: 'cutText'; text: string }
  | { type: 'setDesktopSize' };

/** A client's bytes break the protocol or one of its limits; the connection is of no use any more. */
export class ProtocolError extends Error {}

/**
 * The result of looking at the start of the received bytes: a message of `length` bytes, more bytes needed
 * before anything can be said, or `skip` bytes that are to be ignored even though they have not come yet.
 */
export type ParseResult =
  | { kind: 'message'; length: number; message: ClientMessage }
  | { kind: 'needs'; length: number }
  | { kind: 'skip'; length: number };

type Parser = (view: DataView) => ParseResult;

/** A parser of messages that are always `length` bytes long. */
function fixed(length: number, parse: (view: DataView) => ClientMessage): Parser {
  return (view) =>
    view.byteLength < length ? { kind: 'needs', length } : { kind: 'message', length, message: parse(view) };
}

function parsePixelFormat(view: DataView): ClientMessage {
  const format = readPixelFormat(new DataView(view.buffer, view.byteOffset + 4, pixelFormatLength));
  if (!format) throw new ProtocolError('Unusable pixel format');
  return { type: 'pixelFormat', format };
}

function parseEncodings(view: DataView): ParseResult {
  if (view.byteLength < 4) return { kind: 'needs', length: 4 };
  const count = view.getUint16(2);
  if (count > limits.encodings) throw new ProtocolError(`${count} encodings`);
  const length = 4 + 4 * count;
  if (view.byteLength < length) return { kind: 'needs', length };
  const encodings = Array.from({ length: count }, (_, index) => view.getInt32(4 + 4 * index));
  return { kind: 'message', length, message: { type: 'encodings', encodings } };
}

function parseCutText(view: DataView): ParseResult {
  if (view.byteLength < 8) return { kind: 'needs', length: 8 };
  const textLength = view.getUint32(4);
  if (textLength > limits.cutTextSkipped) throw new ProtocolError(`Clipboard text of ${textLength} bytes`);
  const length = 8 + textLength;
  if (textLength > limits.cutText) return { kind: 'skip', length };
  if (view.byteLength < length) return { kind: 'needs', length };
  const bytes = Buffer.from(view.buffer, view.byteOffset + 8, textLength);
  // RFC 6143 section 7.5.6: the text is Latin-1.
  return { kind: 'message', length, message: { type: 'cutText', text: bytes.toString('latin1') } };
}

function parseSetDesktopSize(view: DataView): ParseResult {
  if (view.byteLength < 8) return { kind: 'needs', length: 8 };
  const length = 8 + 16 * view.getUint8(6);
  if (view.byteLength < length) return { kind: 'needs', length };
  return { kind: 'message', length, message: { type: 'setDesktopSize' } };
}

const parseQemuKey = fixed(12, (view) => ({
  type: 'scanCode',
  down: view.getUint16(2) !== 0,
  keysym: view.getUint32(4),
  keycode: view.getUint32(8),
}));

function parseQemu(view: DataView): ParseResult {
  if (view.byteLength < 2) return { kind: 'needs', length: 2 };
  const submessage = view.getUint8(1);
  if (submessage !== qemuExtendedKeyEvent) throw new ProtocolError(`QEMU message ${submessage}`);
  return parseQemuKey(view);
}

const parsers: Record<number, Parser> = {
  [clientMessage.setPixelFormat]: fixed(4 + pixelFormatLength, parsePixelFormat),
  [clientMessage.setEncodings]: parseEncodings,
  [clientMessage.framebufferUpdateRequest]: fixed(10, (view) => ({
    type: 'updateRequest',
    incremental: view.getUint8(1) !== 0,
    x: view.getUint16(2),
    y: view.getUint16(4),
    width: view.getUint16(6),
    height: view.getUint16(8),
  })),
  [clientMessage.keyEvent]: fixed(8, (view) => ({
    type: 'key',
    down: view.getUint8(1) !== 0,
    keysym: view.getUint32(4),
  })),
  [clientMessage.pointerEvent]: fixed(6, (view) => ({
    type: 'pointer',
    buttons: view.getUint8(1),
    x: view.getUint16(2),
    y: view.getUint16(4),
  })),
  [clientMessage.clientCutText]: parseCutText,
  [clientMessage.setDesktopSize]: parseSetDesktopSize,
  [clientMessage.qemu]: parseQemu,
};

/**
 * Looks at the bytes from the start of a message on (at least one).
 * @throws ProtocolError for an unknown type or values beyond the limits
 */
export function parseClientMessage(view: DataView): ParseResult {
  const type = view.getUint8(0);
  const parser = parsers[type];
  if (!parser) throw new ProtocolError(`Unknown message type ${type}`);
  return parser(view);
}
