import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, longest first: begun last, one of them alone would keep everybody waiting at the end.
 * Only the order matters, not that it is exact; what is not named here takes a few seconds.
 */
const longest = [
  // conformance and integration
  ...['snapshots-crash', 'snapshots-qemu', 'switch-guests', 'v86-linux', 'engine-change', 'qemu-amd64'],
  ...[
    'clones-guests',
    'bad-images',
    'qemu',
    'qemu-machine',
    'qemu-boards',
    'switch-machines',
    'qemu-installer',
  ],
  ...['snapshots-faults', 'clones-crash', 'qemu-desktop', 'switch-qemu', 'devices-crash'],
  // unit: begun while those wait
  ...['SnapshotsPage', 'CreateWizard', 'MediaPage', 'upload', 'saved-state', 'guest-agent', 'agent-messages'],
  // end to end
  ...['story', 'deb', 'installer', 'screens', 'disks', 'networks', 'snapshots', 'lifecycle', 'packaged'],
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
