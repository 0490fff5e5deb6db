import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, longest first: begun last, one of them alone would keep everybody waiting at the end.
 * Only the order matters, not that it is exact; what is not named here takes a few seconds.
 */
const longest = [
  ...['story', 'screens', 'installer', 'disks', 'networks', 'qemu', 'snapshots', 'lifecycle'],
  ...['snapshots-crash', 'snapshots-qemu', 'switch-guests', 'qemu-amd64', 'engine-change', 'clones-guests'],
  ...['bad-images', 'devices-crash', 'snapshots-faults', 'clones-crash', 'qemu-machine', 'qemu-boards'],
  ...['switch-machines', 'qemu-installer', 'qemu-desktop', 'switch-qemu', 'snapshots-torture'],
];

const place = ({ moduleId }: TestSpecification): number => {
  const found = longest.indexOf(basename(moduleId, '.test.ts'));
  return found < 0 ? longest.length : found;
};

/** Starts the files that take longest first; the others as vitest would. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => place(a) - place(b));
  }
}
