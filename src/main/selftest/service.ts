import { Failure, hintOf } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { SelftestResult } from '@shared/ipc/contract';
import type { GalleryItem } from '@shared/gallery/entry';
import type { MachinesContext } from '../machines/context';
import type { JobControl } from '../jobs/registry';
import { bootSelftest } from './boot';

/** The system that is booted: it is bundled, so that the test needs no network. */
const testedSystem = 'starter-linux';

/** Boots a real system on an engine and sees whether it computes. */
export class SelftestService {
  constructor(
    private readonly context: MachinesContext,
    private readonly gallery: { list(): Promise<GalleryItem[]> },
  ) {}

  start(engine: string): { jobId: string } {
    const description = {
      kind: 'selftest',
      subject: engine,
      title: engine,
      unit: 'steps',
      cancellable: true,
    } as const;
    return this.context.jobs.start(description, (control) => this.run(engine, control));
  }

  /** @throws Failure `gallery.unavailable` when there is no system to boot; `cancelled` */
  async run(engine: string, control: JobControl): Promise<SelftestResult> {
    const item = (await this.gallery.list()).find(({ entry }) => entry.id === testedSystem);
    if (!item?.path) {
      throw new Failure('gallery.unavailable', phrase('selftest.noStarter'), {
        hint: item?.problem ? hintOf(item.problem) : undefined,
        cause: item?.problem ?? undefined,
      });
    }
    return bootSelftest(engine, item.path, this.context, control);
  }
}
