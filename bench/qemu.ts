import { benchConsole } from './qemu/console';
import { benchSave } from './qemu/save';
import { benchStart } from './qemu/start';
import type { Bench } from './types';

/** Machines on QEMU against QEMU itself, with the same arguments. */
const bench: Bench = {
  name: 'qemu',
  run: async () => [...(await benchStart()), ...(await benchSave()), ...(await benchConsole())],
};
export default bench;
