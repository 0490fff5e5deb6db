import { type FileHandle, open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as wait } from 'node:timers/promises';

/** How often is looked for more, in milliseconds. */
const lookEveryMs = 250;

/**
 * Passes on the last lines of a text file, and then every line that is appended to it, also when the file is given
 * another name and begun anew (`platform/rotating-file.ts`). A file that is not there yet is waited for.
 *
 * @param count of the lines that are in it already
 * @param stop resolves the promise, soon after it is aborted
 * @throws the errors of `node:fs` but for a missing file
 */
export async function followLines(
  path: string,
  count: number,
  each: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const before: string[] = [];
  let current = await LineFile.open(path);
  await current?.readOn((line) => before.push(line));
  for (const line of before.slice(-count)) each(line);
  try {
    while (!stop.aborted) {
      await current?.readOn(each);
      if (await isAnother(path, current)) {
        // What was written to the old one before it was renamed is still to be read.
        await current?.readOn(each);
        await current?.close();
        current = await LineFile.open(path);
        continue;
      }
      await wait(lookEveryMs, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await current?.close();
  }
}

async function isAnother(path: string, current: LineFile | undefined): Promise<boolean> {
  const status = await stat(path, { bigint: true }).catch(ifMissing);
  return status !== undefined && status.ino !== current?.ino;
}

/** A file that is read from its beginning, a line at a time, as far as it goes. */
class LineFile {
  private readonly decoder = new StringDecoder('utf8');
  private readonly buffer = Buffer.alloc(64 * 1024);
  private rest = '';

  private constructor(
    private readonly file: FileHandle,
    readonly ino: bigint,
  ) {}

  static async open(path: string): Promise<LineFile | undefined> {
    const file = await open(path, 'r').catch(ifMissing);
    return file && new LineFile(file, (await file.stat({ bigint: true })).ino);
  }

  /** Passes on the whole lines that have come since the last time. */
  async readOn(each: (line: string) => void): Promise<void> {
    for (;;) {
      const { bytesRead } = await this.file.read(this.buffer, 0, this.buffer.length, null);
      if (bytesRead === 0) return;
      const lines = (this.rest + this.decoder.write(this.buffer.subarray(0, bytesRead))).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) each(line);
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function ifMissing(error: unknown): undefined {
  if ((error as { code?: string }).code === 'ENOENT') return undefined;
  throw error;
}
