import { resolve } from 'node:path';
import type { NewDisk } from '@shared/machine/devices';
import { findMachine } from '../find';
import { waitForJob } from '../jobs';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

const buses = ['ide', 'virtio', 'scsi', 'sata', 'nvme'] as const;

/** `vivarium disk add` */
export const addDisk: SpecialCommand = {
  words: ['disk', 'add'],
  usage: `MACHINE (--size-mib N | --image FILE) [--bus ${buses.join('|')}]`,
  summary: 'Adds a disk to a machine, also while it runs where its engine can do that',
  options: ['size-mib', 'image', 'bus'],
  details: [
    'It is empty, or has the contents of an image, which is copied. Without --bus it is connected like the first disk.',
  ],
  examples: [
    'vivarium disk add Debian --size-mib 4096',
    'vivarium disk add Debian --image data.qcow2 --bus sata',
  ],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], {
      'size-mib': { type: 'string' },
      image: { type: 'string' },
      bus: { type: 'string' },
    });
    const sizeMiB = wholeNumber('size-mib', values['size-mib']);
    if ((sizeMiB === undefined) === (values.image === undefined)) {
      throw new UsageError('Say what is on it: either --size-mib, for an empty one, or --image.');
    }
    const wanted = buses.find((bus) => bus === values.bus);
    if (values.bus !== undefined && !wanted) throw new UsageError(`--bus is one of ${buses.join(', ')}.`);
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const { config } = await client.call('machine.get', { id });
    const disk: NewDisk = {
      bus: wanted ?? config?.disks[0]?.bus ?? 'ide',
      source:
        sizeMiB === undefined
          ? { kind: 'copy', path: resolve(values.image ?? '') }
          : { kind: 'new', sizeMiB },
    };
    const begun = client.call('machine.addDisk', { id, disk });
    const result = (await waitForJob(client, output, begun)) as { disk: string };
    printResult(output, output.json ? result : result.disk);
    return 0;
  },
};
