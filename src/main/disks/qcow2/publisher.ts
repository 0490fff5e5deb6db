import { Failure, toFailure } from '@shared/errors';
import { Mutex } from '../async-locks';
import type { HostFile } from '../host-file';
import type { L1Table } from './l1-table';
import type { L2Table, L2Tables } from './l2-tables';
import type { Refcounts } from './refcounts';

interface Change {
  table: L2Table;
  fresh: boolean;
  from: number;
  to: number;
  /** The entries as they were when the change was taken. */
  bytes: Uint8Array;
}

/** Clusters of the image file that nothing in memory uses any more. Bytes. */
export interface Freed {
  offset: number;
  length: number;
}

/**
 * Makes changed tables durable, in an order in which a crash at any moment leaves old or new contents: first the
 * data (and tables that nothing points to yet), then a barrier, then the entries that point to them, then a
 * barrier. Freed clusters can be taken again only after that.
 */
export class Publisher {
  private readonly mutex = new Mutex();
  private freed: Freed[] = [];
  private failure: Failure | undefined;

  /** @param exactRefcounts the image has no dirty bit, so counts must reach the file before what they count */
  constructor(
    private readonly file: HostFile,
    private readonly tables: L2Tables,
    private readonly l1: () => L1Table,
    private readonly refcounts: Refcounts,
    private readonly exactRefcounts: boolean,
  ) {}

  /** Gives back clusters after the next publication. */
  freeLater(freed: Freed): void {
    this.freed.push(freed);
  }

  /**
   * After a failed barrier nobody knows what is on the disk, and the system forgets which writes it lost; so the
   * image takes no more of them.
   */
  refuseAfterLoss(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** When it resolves, all writes that had resolved before are durable. */
  publish(): Promise<void> {
    return this.mutex.run(() => this.publishNow());
  }

  /** Publishes, then runs `section` before anything else can be published. */
  publishAndThen(section: () => Promise<void>): Promise<void> {
    return this.mutex.run(async () => {
      await this.publishNow();
      await section();
    });
  }

  async barrier(): Promise<void> {
    this.refuseAfterLoss();
    try {
      await this.file.datasync();
    } catch (error) {
      this.failure = toFailure(error);
      throw this.failure;
    }
  }

  private async publishNow(): Promise<void> {
    this.refuseAfterLoss();
    const changes = [...this.tables.dirty].map((table) => takeChange(table));
    this.tables.beginPublishing();
    const { freed } = this;
    this.freed = [];
    try {
      for (const { table, bytes, fresh } of changes) if (fresh) await this.file.write(bytes, table.offset);
      if (this.exactRefcounts) await this.refcounts.writeBack();
      await this.barrier();
      if (changes.length > 0) {
        for (const change of changes) await this.point(change);
        await this.barrier();
      }
    } catch (error) {
      for (const { table, from, to } of changes) this.tables.markDirty(table, from, to);
      this.freed.push(...freed);
      throw error;
    } finally {
      this.tables.endPublishing();
    }
    for (const { offset, length } of freed) await this.refcounts.dropReferences(offset, length);
  }

  private async point(change: Change): Promise<void> {
    const { table } = change;
    if (change.fresh) {
      await this.l1().writeEntry(table.l1Index);
      table.fresh = false;
    } else {
      await this.file.write(change.bytes, table.offset + change.from * 8);
    }
  }
}

function takeChange(table: L2Table): Change {
  const from = table.fresh ? 0 : table.dirtyFrom;
  const to = table.fresh ? table.bytes.length / 8 : table.dirtyTo;
  table.dirtyFrom = table.dirtyTo = 0;
  return { table, fresh: table.fresh, from, to, bytes: table.bytes.slice(from * 8, to * 8) };
}
