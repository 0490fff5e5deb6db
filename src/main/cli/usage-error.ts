/** A command line that makes no sense; the message says what of it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
