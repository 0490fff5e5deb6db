import { benchConsole } from './qemu/console';
import { benchSave } from './qemu/save';
import { benchStart } from './qemu/start';
import { benchThumbnails } from './qemu/thumbnails';
import type { Bench } from './types';

/** Machines on QEMU against QEMU itself, with the same arguments. */
const bench: Bench = {
  name: 'qemu',
  run: async () => [
    ...(await benchStart()),
    ...(await benchSave()),
    ...(await benchConsole()),
    ...(await benchThumbnails()),
  ],
};
export default bench;
