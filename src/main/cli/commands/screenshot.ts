import { resolve } from 'node:path';
import { writeAtomic } from '../../platform/atomic-file';
import { findMachine } from '../find';
import { printResult } from '../output';
import { parseOptions } from './options';
import type { SpecialCommand } from './special';

/** `vivarium screenshot`: the screen as a picture, where the person wants it. */
export const screenshot: SpecialCommand = {
  words: ['screenshot'],
  usage: 'MACHINE [--to FILE]',
  summary: "Writes a picture (PNG) of a machine's screen, and says where",
  options: ['to'],
  details: ["Without --to it lies in the machine's own folder `screenshots`."],
  examples: [],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], { to: { type: 'string' } });
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const { path, png } = await client.call('machine.screenshot', { id });
    if (values.to === undefined) printResult(output, output.json ? { path } : path);
    else {
      const to = resolve(values.to);
      await writeAtomic(to, Buffer.from(png, 'base64'));
      printResult(output, output.json ? { path: to } : to);
    }
    return 0;
  },
};
