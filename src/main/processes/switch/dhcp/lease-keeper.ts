import type { Clock } from '../clock';
import { readLeases, writeLeases } from './lease-file';
import type { Lease } from './leases';

/** Between two tellings of what has changed, in milliseconds: a guest that asks without end must keep nobody busy. */
const everyMs = 250;

export interface LeaseKeeperOptions {
  clock: Clock;
  /** The leases that there are now; undefined while nobody gives out any. */
  leases(): readonly Lease[] | undefined;
  /** Told that they have changed. */
  changed(): void;
  log(line: string): void;
}

/** Writes down who has which address, at once and then no more often than is good, and tells of it as often. */
export class LeaseKeeper {
  /** Where; undefined until it is known. */
  path: string | undefined;
  private unwritten = false;
  private closed = false;
  /** Ends the pause between two writings. */
  private goOn: (() => void) | undefined;
  private writing: Promise<void> | undefined;

  constructor(private readonly options: LeaseKeeperOptions) {}

  /** What was written down. Guests ask again: where it cannot be read, only addresses that nobody holds are lost. */
  async known(path: string): Promise<Lease[]> {
    try {
      return await readLeases(path);
    } catch (error) {
      this.options.log(`The leases in ${path} cannot be read and begin anew: ${String(error)}`);
      return [];
    }
  }

  /** A lease was given, has ended, or is another one. */
  noticed(): void {
    this.unwritten = true;
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  /** Resolves when everything is written down. */
  async close(): Promise<void> {
    this.closed = true;
    this.goOn?.();
    await this.writing;
  }

  /** Until nothing has changed meanwhile. */
  private async write(): Promise<void> {
    while (this.unwritten) {
      this.unwritten = false;
      this.options.changed();
      const leases = this.options.leases();
      if (this.path === undefined || !leases) return;
      try {
        await writeLeases(this.path, leases);
      } catch (error) {
        this.options.log(`The leases were not written down: ${String(error)}`);
      }
      if (this.closed) continue;
      await new Promise<void>((resolve) => {
        this.goOn = resolve;
        this.options.clock.after(everyMs, resolve);
      });
    }
  }
}
