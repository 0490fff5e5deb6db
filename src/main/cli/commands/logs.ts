import { layoutOf } from '../../machines/layout';
import { findMachine } from '../find';
import { followLines } from '../follow-lines';
import { printResult } from '../output';
import { parseOptions } from './options';
import type { SpecialCommand } from './special';

/** Of what was logged before, when it is followed: as many lines as a screen has. */
const earlierLines = 20;

/** `vivarium logs`: what a machine's log says, and goes on to say. */
export const logs: SpecialCommand = {
  words: ['logs'],
  usage: 'MACHINE [--follow]',
  summary: "Prints the last lines of a machine's log",
  options: ['follow'],
  details: [
    'With --follow, new lines are printed as they come, until Ctrl+C, or until the machine is deleted.',
  ],
  examples: ['vivarium logs Trial', 'vivarium logs Trial --follow'],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], {
      follow: { type: 'boolean', default: false },
    });
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    if (!values.follow) {
      printResult(output, await client.call('machine.log', { id }));
      return 0;
    }
    const { folder } = await client.call('machine.get', { id });
    const end = new AbortController();
    process.once('SIGINT', () => end.abort());
    client.onClose(() => end.abort());
    client.on('machine.removed', (removed) => removed.id === id && end.abort());
    const print = (line: string): void => printResult(output, line);
    await followLines(layoutOf(folder).log, earlierLines, print, end.signal);
    return 0;
  },
};
