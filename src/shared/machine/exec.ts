import { z } from 'zod';

/** Bytes that a program in a guest is given to read, at most. */
export const longestInput = 1024 * 1024;

/** How a program in a guest ended, and what it printed. */
export const execResult = z.object({
  /** Null when a signal ended it. */
  status: z.number().int().nullable(),
  /** Number of the signal that ended it. */
  signal: z.number().int().nullable(),
  /** Base64. */
  output: z.string(),
  errorOutput: z.string(),
  /** It printed more than that. */
  truncated: z.boolean(),
});
export type ExecResult = z.infer<typeof execResult>;

/** A program to be run in a guest, by its guest agent. */
export const execRequest = z.strictObject({
  /** The program, and its arguments; no shell comes between. */
  command: z.array(z.string().max(32_768)).min(1).max(256),
  /** Base64. */
  input: z
    .base64()
    .max(Math.ceil(longestInput / 3) * 4)
    .optional(),
  /** It is waited for so long; it goes on when that is over. */
  seconds: z.number().int().min(1).max(86_400).default(60),
});
export type ExecRequest = z.infer<typeof execRequest>;
