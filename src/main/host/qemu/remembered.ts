import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../platform/atomic-file';

/** Entries that are kept at most; the oldest go. */
const maxEntries = 64;

const file = z.object({ format: z.literal(1), entries: z.array(z.tuple([z.string(), z.unknown()])) });

/**
 * Answers that were dear to get, kept in a file of the cache folder. A file that cannot be read is an empty one,
 * and one that cannot be written is no reason to fail: the answers are found again.
 */
export class Remembered<T> {
  #entries: Promise<Map<string, T>> | undefined;

  constructor(
    private readonly path: string,
    private readonly schema: z.ZodType<T>,
  ) {}

  async get(key: string): Promise<T | undefined> {
    return (await this.#load()).get(key);
  }

  async set(key: string, value: T): Promise<void> {
    const entries = await this.#load();
    entries.delete(key);
    entries.set(key, value);
    for (const oldest of [...entries.keys()].slice(0, Math.max(0, entries.size - maxEntries))) {
      entries.delete(oldest);
    }
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await writeAtomic(this.path, JSON.stringify({ format: 1, entries: [...entries] }));
    } catch {
      // a cache on a full or read-only disk: asked again next time
    }
  }

  #load(): Promise<Map<string, T>> {
    this.#entries ??= this.#read();
    return this.#entries;
  }

  async #read(): Promise<Map<string, T>> {
    const entries = new Map<string, T>();
    try {
      for (const [key, value] of file.parse(JSON.parse(await readFile(this.path, 'utf8'))).entries) {
        const parsed = this.schema.safeParse(value);
        if (parsed.success) entries.set(key, parsed.data);
      }
    } catch {
      // none yet, or torn
    }
    return entries;
  }
}

/** Says whether a program is still the one that an answer is about. @throws the errors of `node:fs` */
export async function fileKey(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${path}|${size}|${mtimeMs}`;
}
