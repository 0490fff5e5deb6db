import path from 'node:path';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { throughput } from './disks/throughput';
import { tools } from './disks/tools';
import type { Bench } from './types';

/** Guests' requests, and the long tasks on images, against QEMU's own programs. */
const bench: Bench = {
  name: 'disks',
  async run() {
    const folder = await temporaryFolder('bench-disks');
    const at = (name: string): string => path.join(folder.path, name);
    try {
      return [...(await throughput(at)), ...(await tools(at))];
    } finally {
      await folder.remove();
    }
  },
};
export default bench;
