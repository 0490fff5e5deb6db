import { events as eventTable } from '@shared/ipc/contract';
import { UsageError } from '../usage-error';
import { parseOptions } from './options';
import type { SpecialCommand } from './special';

/** `vivarium events`: what happens, as it happens. */
export const events: SpecialCommand = {
  words: ['events'],
  usage: '[--only NAME,…]',
  summary: 'Prints what happens, one JSON object a line, until Ctrl+C or the program ends',
  options: ['only'],
  details: [`The events: ${Object.keys(eventTable).join(', ')}.`],
  examples: ['vivarium events --only machine.changed,job.changed'],
  async run(words, { client: connected, output }) {
    const { values } = parseOptions(words, [], { only: { type: 'string' } });
    const only = values.only?.split(',');
    const unknown = only?.find((name) => !Object.hasOwn(eventTable, name));
    if (unknown !== undefined) throw new UsageError(`There is no event “${unknown}”.`);
    const client = await connected();
    for (const name of Object.keys(eventTable) as (keyof typeof eventTable)[]) {
      if (only && !only.includes(name)) continue;
      client.on(name, (value) => output.line(JSON.stringify({ name, value })));
    }
    await new Promise<void>((resolve) => {
      client.onClose(resolve);
      process.once('SIGINT', () => resolve());
    });
    return 0;
  },
};
