import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** Where a window was, and how. */
const place = z.object({
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  maximized: z.boolean(),
});
export type Place = z.infer<typeof place>;

const file = z.object({ schema: z.literal(1), windows: z.record(z.string(), place) });

/** How long after the last change the file is written, in milliseconds: a window that is dragged changes often. */
const calmMs = 500;
/** Windows that are remembered; the ones that were changed last. */
const mostWindows = 200;

/** Remembers where windows were, by the kind of window and its machine, in `<data>/windows.json`. */
export class WindowMemory {
  private readonly places: Map<string, Place>;
  private timer: NodeJS.Timeout | undefined;

  /** @param failed told what the system says when the file cannot be written; windows go on all the same */
  constructor(
    private readonly path: string,
    private readonly failed: (error: unknown) => void,
  ) {
    this.places = read(path);
  }

  get(key: string): Place | undefined {
    return this.places.get(key);
  }

  set(key: string, now: Place): void {
    this.places.delete(key);
    this.places.set(key, now);
    this.soon();
  }

  /** The machine of that window is gone. */
  forget(key: string): void {
    if (this.places.delete(key)) this.soon();
  }

  /** Writes what was set and is not yet in the file: for the end of the program, which waits for nobody. */
  flush(): void {
    if (this.timer) this.write();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), calmMs);
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const windows = Object.fromEntries([...this.places].slice(-mostWindows));
    const text = `${JSON.stringify({ schema: 1, windows }, null, 2)}\n`;
    try {
      // Torn or lost after a loss of power it costs a person nothing; but another start may read it at any time.
      writeFileSync(`${this.path}.tmp`, text, { mode: 0o600 });
      renameSync(`${this.path}.tmp`, this.path);
    } catch (error) {
      this.failed(error);
    }
  }
}

function read(path: string): Map<string, Place> {
  try {
    return new Map(Object.entries(file.parse(JSON.parse(readFileSync(path, 'utf8'))).windows));
  } catch {
    return new Map(); // none yet, or none that can be used: windows open where they usually do
  }
}
