import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { ImageOpener } from '../../images';
import { isFixedCd, mediumBlockdev, mediumNode } from './arguments/storage';
import type { QemuPlan } from './plan';

/** The drives of a running machine whose media can be changed. */
export class MediaDrives {
  /** The block node in each drive, or null for an empty one. */
  readonly #nodes = new Map<string, string | null>();
  readonly #fixed: ReadonlySet<string>;
  #turn = 0;

  constructor(
    plan: QemuPlan,
    private readonly client: Pick<QmpClient, 'execute'>,
    private readonly images: ImageOpener,
    private readonly log: (line: string) => void,
  ) {
    this.#fixed = new Set(plan.cdroms.filter((drive) => isFixedCd(drive, plan)).map(({ id }) => id));
    for (const { id, path } of [...plan.cdroms, ...plan.floppies]) {
      this.#nodes.set(id, path === null ? null : mediumNode(id));
    }
  }

  /** @throws Failure `input.invalid`, `file.*`, `medium.*`, `engine.failed`; the old medium stays then */
  async change(drive: string, path: string | null): Promise<void> {
    const before = this.#nodes.get(drive);
    if (before === undefined) throw new Failure('input.invalid', phrase('device.noDrive', { drive }));
    if (this.#fixed.has(drive)) {
      throw new Failure('engine.unsupported', phrase('device.bootCd'), { hint: phrase('devices.offHint') });
    }
    const next = path === null ? null : await this.#open(drive, path);
    try {
      await this.client.execute('blockdev-open-tray', { id: drive, force: true });
      if (before !== null) await this.client.execute('blockdev-remove-medium', { id: drive });
      this.#nodes.set(drive, null);
      if (next !== null) {
        await this.client.execute('blockdev-insert-medium', { id: drive, 'node-name': next });
        this.#nodes.set(drive, next);
      }
    } catch (error) {
      await this.#putBack(drive, before, next);
      throw error;
    }
    await this.client.execute('blockdev-close-tray', { id: drive });
    if (before !== null) await this.#forget(before);
  }

  /** Inserts the old medium again, as far as QEMU lets it; the new one is closed. */
  async #putBack(drive: string, before: string | null, next: string | null): Promise<void> {
    if (before !== null && this.#nodes.get(drive) === null) {
      await this.client.execute('blockdev-insert-medium', { id: drive, 'node-name': before }).then(
        () => this.#nodes.set(drive, before),
        () => this.#forget(before), // the drive is empty then
      );
    }
    await this.client
      .execute('blockdev-close-tray', { id: drive })
      .catch((error: unknown) => this.#left(error));
    if (next !== null) await this.#forget(next);
  }

  /** Closes an image that is in no drive any more. That it stays open changes nothing for the guest. */
  async #forget(node: string): Promise<void> {
    await this.client
      .execute('blockdev-del', { 'node-name': node })
      .catch((error: unknown) => this.#left(error));
  }

  #left(error: unknown): void {
    this.log(`Left in QEMU: ${toErrorValue(error).message}`);
  }

  async #open(drive: string, path: string): Promise<string> {
    // Looked at here first, because QEMU tells what is wrong with a file in many ways, and takes an empty one.
    await (await this.images.medium(path)).close();
    const node = mediumBlockdev(drive, path, ++this.#turn);
    await this.client.execute('blockdev-add', node);
    return node['node-name'];
  }
}
