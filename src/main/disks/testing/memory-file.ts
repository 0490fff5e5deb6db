import type { Failure } from '@shared/errors';
import type { HostFile } from '../host-file';

/** What reached a file, in order. */
export type LogEntry =
  | { kind: 'write'; position: number; data: Uint8Array }
  | { kind: 'truncate'; size: number }
  | { kind: 'sync' };

/** A file in memory for tests: it records what is written, and fails when it is told to. */
export class MemoryFile implements HostFile {
  readonly identity = 'memory';
  readonly log: LogEntry[] = [];
  /** Decides about each change before it happens. */
  fault: ((entry: LogEntry) => Failure | undefined) | undefined;
  /** Answers without letting others run before, which is faster. */
  immediate = false;
  reads = 0;
  closed = false;

  constructor(
    public contents: Uint8Array = new Uint8Array(),
    readonly readOnly = false,
    readonly path = '/memory/disk.qcow2',
  ) {}

  async read(into: Uint8Array, position: number): Promise<number> {
    this.reads++;
    if (!this.immediate) await yieldToOthers();
    const present = this.contents.subarray(Math.min(position, this.contents.length), position + into.length);
    into.set(present);
    return present.length;
  }

  write(data: Uint8Array, position: number): Promise<void> {
    return this.change({ kind: 'write', position, data: new Uint8Array(data) });
  }

  truncate(size: number): Promise<void> {
    return this.change({ kind: 'truncate', size });
  }

  datasync(): Promise<void> {
    return this.change({ kind: 'sync' });
  }

  size(): Promise<number> {
    return Promise.resolve(this.contents.length);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  private async change(entry: LogEntry): Promise<void> {
    if (!this.immediate) await yieldToOthers();
    const failure = this.fault?.(entry);
    if (failure !== undefined) throw failure;
    this.log.push(entry);
    this.contents = applyEntry(this.contents, entry);
  }
}

/** The contents of a file after one more change. */
export function applyEntry(contents: Uint8Array, entry: LogEntry): Uint8Array {
  if (entry.kind === 'sync') return contents;
  const end = entry.kind === 'write' ? entry.position + entry.data.length : entry.size;
  let result = contents;
  if (end > contents.length || entry.kind === 'truncate') {
    result = new Uint8Array(end);
    result.set(contents.subarray(0, end));
  }
  if (entry.kind === 'write') result.set(entry.data, entry.position);
  return result;
}

/** Real files answer later as well, so requests in flight must interleave. */
function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
