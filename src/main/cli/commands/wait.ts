import { findMachine } from '../find';
import { goals, goalTexts, reachGoal, usualSeconds } from '../goals';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

/** `vivarium wait`: for scripts that go on when a machine has come so far. */
export const wait: SpecialCommand = {
  words: ['wait'],
  usage: `MACHINE --for ${goals.join('|')} [--timeout SECONDS]`,
  summary: 'Waits until a machine is off, runs, is saved, has an address, or shows a shell',
  options: ['for', 'timeout'],
  details: [
    `Gives up after --timeout seconds (${usualSeconds}), with status 6. With --for address, prints the address.`,
    `--for shell: when ${goalTexts.shell}.`,
  ],
  examples: [
    'vivarium stop Trial && vivarium wait Trial --for off',
    'vivarium wait Trial --for shell --timeout 60',
  ],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], {
      for: { type: 'string' },
      timeout: { type: 'string' },
    });
    const goal = goals.find((one) => one === values.for);
    if (!goal) throw new UsageError(`--for is one of ${goals.join(', ')}.`);
    const seconds = wholeNumber('timeout', values.timeout) ?? usualSeconds;
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const reached = await reachGoal(client, id, goal, seconds);
    printResult(output, output.json && reached !== undefined ? { address: reached } : reached);
    return 0;
  },
};
