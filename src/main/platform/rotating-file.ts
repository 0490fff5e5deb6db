import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { Buffer } from 'node:buffer';
import { dirname } from 'node:path';

/** A text file of lines that begins anew before it grows too long; the older ones stay as `<path>.1`, `<path>.2` … */
export interface RotatingFile {
  /** Appends a line, in the order of the calls. Never rejects: a log that cannot be written stops nothing. */
  write(line: string): void;
  /** The last lines, oldest first. Empty when there are none or they cannot be read. */
  tail(count: number): Promise<string[]>;
  /** Resolves when everything written so far is in the file, or could not be put there. */
  flush(): Promise<void>;
}

export interface RotatingFileLimits {
  /** Bytes after which a new file is begun. */
  maxBytes: number;
  /** Older files that are kept. */
  keep: number;
}

/** Lines that wait for a slow file system at most; beyond, lines are dropped rather than memory filled. */
const maxWaiting = 2000;

export function rotatingFile(
  path: string,
  { maxBytes, keep }: RotatingFileLimits = { maxBytes: 1024 * 1024, keep: 3 },
): RotatingFile {
  let size: number | undefined;
  let waiting: string[] = [];
  let work: Promise<void> = Promise.resolve();

  async function rotate(): Promise<void> {
    for (let number = keep; number >= 1; number--) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      await rename(from, `${path}.${number}`).catch(ignoreMissing);
    }
    size = 0;
  }

  async function append(): Promise<void> {
    const text = waiting.join('');
    waiting = [];
    if (text === '') return;
    // Only the last folder is made: a machine's folder that somebody removed must not come back.
    await mkdir(dirname(path)).catch(ignoreExisting);
    size ??= (await stat(path).catch(() => ({ size: 0 }))).size;
    const bytes = Buffer.byteLength(text);
    if (size > 0 && size + bytes > maxBytes) await rotate();
    await appendFile(path, text, { mode: 0o600 });
    size += bytes;
  }

  return {
    write(line) {
      if (waiting.length >= maxWaiting) return;
      waiting.push(`${line.replace(/[\r\n]+/g, ' ⏎ ')}\n`);
      // A log has nowhere to report its own failure to.
      if (waiting.length === 1) work = work.then(append).catch(() => {});
    },
    async tail(count) {
      await work;
      const text = await readFile(path, 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.slice(-count);
    },
    flush: () => work,
  };
}

function ignoreMissing(error: unknown): void {
  if ((error as { code?: string }).code !== 'ENOENT') throw error;
}

function ignoreExisting(error: unknown): void {
  if ((error as { code?: string }).code !== 'EEXIST') throw error;
}
