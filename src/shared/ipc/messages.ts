import { z } from 'zod';
import { type ErrorCode, errorCodes, type ErrorValue } from '../errors';
import { phraseRef } from '../phrases/phrase';

/** The envelope of everything that crosses a process boundary as a message; the same for every transport. */

export const errorValue: z.ZodType<ErrorValue> = z.lazy(() =>
  z.object({
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    hint: z.string().optional(),
    phrases: z.object({ message: phraseRef.optional(), hint: phraseRef.optional() }).optional(),
    cause: errorValue.optional(),
  }),
);

const callNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const message = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('call'),
    id: callNumber,
    name: z.string().max(100),
    params: z.unknown().optional(),
  }),
  z.strictObject({ kind: z.literal('result'), id: callNumber, value: z.unknown().optional() }),
  z.strictObject({ kind: z.literal('error'), id: callNumber, error: errorValue }),
  z.strictObject({ kind: z.literal('event'), name: z.string().max(100), value: z.unknown().optional() }),
]);
export type Message = z.infer<typeof message>;

/** Carries messages in order: Electron's IPC, a WebSocket, a child process's channel. */
export interface MessageChannelLike {
  post(message: Message): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}
