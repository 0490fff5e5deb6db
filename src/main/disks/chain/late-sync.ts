import type { HostFile } from '../host-file';

/** So much is given to the host's disk at a time, in bytes. */
const earlyBytes = 64 * 2 ** 20;

/**
 * The same file, for an image in it that is not durable before that is asked of the file itself: for one that nobody
 * uses before. Closing the image leaves the file open.
 */
export function withoutSync(file: HostFile): HostFile {
  return {
    path: file.path,
    readOnly: file.readOnly,
    identity: file.identity,
    read: (into, position) => file.read(into, position),
    write: (data, position) => file.write(data, position),
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    datasync: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Has the host put what was written onto its disk meanwhile, so that little is left for the end. */
export class EarlyWriter {
  #left = 0;
  #isBusy = false;
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly file: HostFile) {}

  /** @param length in bytes */
  wrote(length: number): void {
    this.#left += length;
    if (this.#isBusy || this.#left < earlyBytes) return;
    this.#left = 0;
    this.#isBusy = true;
    // After a failure there is no second attempt, which would not tell of what was lost.
    this.#last = this.#last.then(() => this.file.datasync()).finally(() => (this.#isBusy = false));
    this.#last.catch(() => undefined); // told at the end
  }

  /** @throws Failure when something could not be put there */
  end(): Promise<void> {
    return this.#last;
  }
}
