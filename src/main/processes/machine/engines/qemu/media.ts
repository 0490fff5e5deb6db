import { Failure } from '@shared/errors';
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
    private readonly client: QmpClient,
    private readonly images: ImageOpener,
  ) {
    this.#fixed = new Set(plan.cdroms.filter((drive) => isFixedCd(drive, plan)).map(({ id }) => id));
    for (const { id, path } of [...plan.cdroms, ...plan.floppies]) {
      this.#nodes.set(id, path === null ? null : mediumNode(id));
    }
  }

  /** @throws Failure `input.invalid`, `file.*`, `medium.*`, `engine.failed`; the old medium stays then */
  async change(drive: string, path: string | null): Promise<void> {
    const before = this.#nodes.get(drive);
    if (before === undefined) throw new Failure('input.invalid', `This machine has no drive “${drive}”.`);
    if (this.#fixed.has(drive)) {
      throw new Failure(
        'engine.unsupported',
        'The CD that this machine started with cannot be changed while it runs: its firmware reads it as a disk.',
        { hint: 'Power the machine off first.' },
      );
    }
    const next = path === null ? null : await this.#open(drive, path);
    await this.client.execute('blockdev-open-tray', { id: drive, force: true });
    if (before !== null) {
      await this.client.execute('blockdev-remove-medium', { id: drive });
      this.#nodes.set(drive, null);
      await this.client.execute('blockdev-del', { 'node-name': before });
    }
    if (next !== null) {
      await this.client.execute('blockdev-insert-medium', { id: drive, 'node-name': next });
      this.#nodes.set(drive, next);
    }
    await this.client.execute('blockdev-close-tray', { id: drive });
  }

  async #open(drive: string, path: string): Promise<string> {
    // Looked at here first, because QEMU tells what is wrong with a file in many ways, and takes an empty one.
    await (await this.images.medium(path)).close();
    const node = mediumBlockdev(drive, path, ++this.#turn);
    await this.client.execute('blockdev-add', node);
    return node['node-name'];
  }
}
