import { z } from 'zod';

/**
 * What a terminal's process is told when it is given its stream, by main and by nobody else. It runs one program in
 * a pseudo-terminal, and ends with it.
 */
export const terminalTask = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('run'),
    /** Absolute path. */
    program: z.string().min(1),
    args: z.array(z.string()),
    columns: z.number().int().min(2).max(1000),
    rows: z.number().int().min(2).max(1000),
  }),
  /** Nothing can be run: what to show instead. */
  z.strictObject({ kind: z.literal('say'), text: z.string() }),
]);
export type TerminalTask = z.infer<typeof terminalTask>;

/** What a page sends: keys as the bytes that a terminal gives for them, or its new size. */
export type TerminalInput = { keys: Uint8Array } | { columns: number; rows: number };

const keysKind = 0;
const sizeKind = 1;

export function encodeTerminalInput(input: TerminalInput): Uint8Array {
  if ('keys' in input) {
    const message = new Uint8Array(input.keys.length + 1);
    message[0] = keysKind;
    message.set(input.keys, 1);
    return message;
  }
  const message = new DataView(new ArrayBuffer(5));
  message.setUint8(0, sizeKind);
  message.setUint16(1, input.columns);
  message.setUint16(3, input.rows);
  return new Uint8Array(message.buffer);
}

/** Undefined where a message makes no sense. */
export function decodeTerminalInput(message: Uint8Array): TerminalInput | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message[0] === keysKind) return { keys: message.subarray(1) };
  if (message[0] !== sizeKind || message.length !== 5) return undefined;
  const [columns, rows] = [view.getUint16(1), view.getUint16(3)];
  const fits = (size: number): boolean => size >= 2 && size <= 1000;
  return fits(columns) && fits(rows) ? { columns, rows } : undefined;
}
