import { toErrorValue } from '@shared/errors';
import type { RotatingFile } from './rotating-file';

/** The program's own log: what went on, and everything that went wrong without a person to tell it to. */
export interface Log {
  info(text: string): void;
  /** `thrown`: what was caught, if anything. */
  warn(text: string, thrown?: unknown): void;
  /** For what is worth saying once, however often it happens. */
  once(kind: string, text: string): void;
  flush(): Promise<void>;
}

/** Kinds that `once` remembers at most, so that a stream of odd messages cannot fill the memory. */
const maxKinds = 500;

export function logTo(file: RotatingFile, now: () => Date = () => new Date()): Log {
  const seen = new Set<string>();
  const write = (level: string, text: string): void =>
    file.write(`${now().toISOString()} ${level} ${text.slice(0, 4000)}`);
  return {
    info: (text) => write('info', text),
    warn(text, thrown) {
      write('warn', thrown === undefined ? text : `${text}: ${describe(thrown)}`);
    },
    once(kind, text) {
      if (seen.has(kind) || seen.size >= maxKinds) return;
      seen.add(kind);
      write('warn', text);
    },
    flush: () => file.flush(),
  };
}

/** An error in one line, with what led to it; for a defect of our own also where it happened. */
export function describe(thrown: unknown): string {
  const value = toErrorValue(thrown);
  const where = value.code === 'internal' && thrown instanceof Error ? ` (${thrown.stack ?? ''})` : '';
  return `${value.code}: ${value.message}${where}${value.cause ? `, because of ${describe(value.cause)}` : ''}`;
}
