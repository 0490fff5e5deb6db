/**
 * A random-access array of bytes: what a guest sees as a disk, a CD or a floppy.
 *
 * Offsets and lengths are in bytes and need not be aligned. A request beyond `size` is refused with
 * `disk.out-of-range`; a write to a read-only device with `disk.read-only`. Errors of the host's file system
 * arrive as `Failure` with a `file.*` code. Requests may overlap in time: a read that starts after a write has
 * resolved sees its data.
 */
export interface BlockDevice {
  readonly size: number;
  readonly readOnly: boolean;
  /** Resolves to a new array of `length` bytes that belongs to the caller. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into an array of the caller's, all of which is filled; nobody else may use it until then. */
  readInto(offset: number, into: Uint8Array): Promise<void>;
  /** `data` must not change until the promise resolves. */
  write(offset: number, data: Uint8Array): Promise<void>;
  /** When it resolves, every write that had resolved before the call survives a loss of power. */
  flush(): Promise<void>;
  /** Flushes and releases the files. The device must not be used afterwards. */
  close(): Promise<void>;
  /**
   * Takes over what lies between this image and another one below it, while it is in use: that one is what it is based
   * on then, and those in between are closed. Missing where nothing can be below. One that fails or is ended has
   * changed nothing that can be read.
   *
   * @param below a file in the image's own folder; null: nothing is to be below
   * @throws Failure `cancelled`, `disk.unsupported`, `input.invalid` when it is not based on that, and those of the files
   */
  pull?(below: string | null, options?: PullOptions): Promise<void>;
}

export interface PullOptions {
  signal?: AbortSignal | undefined;
  /** In bytes. */
  onProgress?: (done: number, total: number) => void;
}
