import os from 'node:os';
import type { ProcessExit } from '../platform/process-host';

/** Signals that end a process from outside or by a fault. Our own processes end with 0, 1 or 2, never like these. */
const fatal = ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'] as const;

/**
 * Electron gives one number for how a utility process ended: its exit status, or, where there are signals, the
 * number of the signal that ended it. (Seen with Electron 33 on Linux.)
 */
export function exitOf(code: number, platform: NodeJS.Platform = process.platform): ProcessExit {
  const signal = platform === 'win32' ? undefined : fatal.find((name) => os.constants.signals[name] === code);
  return signal ? { code: null, signal } : { code, signal: null };
}
