import { Phrase, type PhraseRef } from './phrases/phrase';

/**
 * Every error of the project is a value of one shape, with a code from the registry below.
 *
 * `ErrorValue` is what crosses a process boundary; `Failure` is the same thing while it is being thrown.
 */

/** The registry of codes. The text says when a code is used; what a person reads is the error's `message`. */
export const errorCodes = {
  internal: 'A defect of the program itself: something that no input should cause',
  cancelled: 'The person or the caller cancelled the operation',
  timeout: 'The other side did not answer in time',
  'ipc.bad-message': 'A message does not fit the contract',
  'ipc.unknown-command': 'No such command in the contract',
  'ipc.denied': 'The sender may not send this message',
  'ipc.closed': 'The connection to the other side is closed',
  'input.invalid': 'A value given by a person is not acceptable',
  'file.not-found': 'A file or folder does not exist',
  'file.denied': 'The operating system refuses access to a file or folder',
  'file.exists': 'A file or folder is in the way',
  'file.not-a-file': 'A folder or device was given where a file is wanted',
  'file.io': 'The operating system reports an error while reading or writing',
  'file.no-space': 'No space is left on the device, or a quota is used up',
  'machine.not-found': 'No machine has this id',
  'machine.wrong-state': 'The command is not legal in the state that the machine is in',
  'machine.inaccessible': "The machine's folder or configuration cannot be read",
  'machine.config-invalid': 'A configuration does not fit its schema',
  'machine.config-newer': 'A configuration was written by a newer version of Vivarium',
  'machine.locked': 'Another process holds the machine',
  'machine.crashed': "The machine's process ended by itself",
  'machine.unresponsive': "The machine's process stopped answering",
  'library.locked': 'Another Vivarium uses this data folder',
  'library.moving': 'The data folder is being moved, so that nothing in it may change',
  'library.in-use': 'Machines or tasks are at work in the data folder',
  'engine.not-found': 'No such engine on this computer',
  'engine.unsupported': 'The engine cannot do what the configuration asks',
  'engine.failed': 'The engine reports a failure',
  'disk.unknown-format': 'Neither qcow2 nor raw, or not recognised',
  'disk.unsupported': 'A feature of a disk image that the driver does not implement',
  'disk.corrupt': 'The metadata of a disk image contradicts itself',
  'disk.in-use': 'Another process has the disk open for writing',
  'disk.read-only': 'A write to a disk that is open read-only',
  'disk.out-of-range': 'A request beyond the end of a disk',
  'medium.empty': 'An image file with no bytes in it',
  'medium.truncated': 'An image file that is shorter than it says itself',
  'medium.not-bootable': 'No boot record was recognised in an image',
  'saved-state.corrupt': 'A saved state fails its checksum or cannot be parsed',
  'saved-state.mismatch': 'A saved state of another engine version or other hardware',
  'snapshot.not-found': 'The machine has no snapshot with this id',
  'snapshot.broken': 'The files of a snapshot are missing, or not what they were',
  'journal.unfinished': 'An interrupted change of a machine could be neither finished nor undone yet',
  'gallery.not-found': 'No such system in the gallery',
  'gallery.unavailable': 'A system of the gallery cannot be had here',
  'download.failed': 'The publisher’s server did not deliver',
  'download.hash-mismatch': 'A downloaded file is not what its publisher describes',
  'job.not-found': 'No job has this id',
  'network.not-found': 'No network has this id',
  'network.invalid': 'A network’s configuration does not fit its schema',
  'network.in-use': 'Machines have cards on the network',
  'network.idle': 'No running machine is plugged into the network',
  'network.no-capture': 'Nothing of the network has been captured',
  'network.port-in-use': 'A port of this computer is taken by another program',
  'host.unavailable': 'Something that this computer does not offer',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What every error looks like once it leaves the place where it happened. */
export interface ErrorValue {
  code: ErrorCode;
  /** One or two sentences for a person: what happened and why. */
  message: string;
  /** What to do about it. */
  hint?: string;
  /** What the message and the hint are, where they have fixed wording: to be shown in the person's language. */
  phrases?: { message?: PhraseRef; hint?: PhraseRef };
  /** The error that led to this one. */
  cause?: ErrorValue;
}

/** An `ErrorValue` that can be thrown. */
export class Failure extends Error {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly phrases?: ErrorValue['phrases'];
  override readonly cause?: ErrorValue;

  /** @param cause anything that was caught; it is turned into an `ErrorValue` */
  constructor(
    code: ErrorCode,
    message: string | Phrase,
    details: { hint?: string | Phrase; cause?: unknown; phrases?: ErrorValue['phrases'] } = {},
  ) {
    super(textOf(message));
    const { hint } = details;
    this.name = 'Failure';
    this.code = code;
    this.hint = hint === undefined ? undefined : textOf(hint);
    this.phrases = details.phrases ?? phrasesOf(message, hint);
    this.cause = details.cause === undefined ? undefined : toErrorValue(details.cause);
  }

  toValue(): ErrorValue {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.phrases === undefined ? {} : { phrases: this.phrases }),
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    };
  }
}

function textOf(said: string | Phrase): string {
  return said instanceof Phrase ? said.text : said;
}

function phrasesOf(message: string | Phrase, hint: string | Phrase | undefined): ErrorValue['phrases'] {
  const known = {
    ...(message instanceof Phrase ? { message: message.ref } : {}),
    ...(hint instanceof Phrase ? { hint: hint.ref } : {}),
  };
  return Object.keys(known).length > 0 ? known : undefined;
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

function isErrorValue(thrown: unknown): thrown is ErrorValue {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const candidate = thrown as Partial<ErrorValue>;
  return isErrorCode(candidate.code) && typeof candidate.message === 'string';
}

/** System error numbers (errno names as Node gives them) that have a code of their own. */
const systemErrors: Record<string, ErrorCode> = {
  ENOENT: 'file.not-found',
  ENOTDIR: 'file.not-found',
  EACCES: 'file.denied',
  EPERM: 'file.denied',
  EROFS: 'file.denied',
  EEXIST: 'file.exists',
  EISDIR: 'file.not-a-file',
  ENOSPC: 'file.no-space',
  EDQUOT: 'file.no-space',
  EIO: 'file.io',
};

/** Turns whatever was thrown into an `ErrorValue`; what nobody foresaw becomes `internal`. */
export function toErrorValue(thrown: unknown): ErrorValue {
  if (thrown instanceof Failure) return thrown.toValue();
  if (thrown instanceof Error) {
    const errno = (thrown as { code?: unknown }).code;
    const code = (typeof errno === 'string' && systemErrors[errno]) || 'internal';
    return { code, message: thrown.message };
  }
  if (isErrorValue(thrown)) return thrown;
  return { code: 'internal', message: String(thrown) };
}

/** What an error says, to be filled into another sentence: in the person's language where it has fixed wording. */
export function saidBy(error: unknown): string | Phrase {
  const { message, phrases } = toErrorValue(error);
  return phrases?.message ? new Phrase(message, phrases.message) : message;
}

/** What an error says is to be done, for another error to say the same. */
export function hintOf(error: unknown): string | Phrase | undefined {
  const { hint, phrases } = toErrorValue(error);
  return hint !== undefined && phrases?.hint ? new Phrase(hint, phrases.hint) : hint;
}

/** Turns an `ErrorValue` that came from another process back into something to throw. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code, message, hint, phrases, cause } = toErrorValue(thrown);
  return new Failure(code, message, { hint, phrases, cause });
}
