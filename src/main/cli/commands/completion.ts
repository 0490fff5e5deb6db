import { completionScript, shells } from '../completion';
import { machineNames } from '../machine-names';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions } from './options';
import type { SpecialCommand } from './special';

/** `vivarium completion`: what a shell needs to complete our commands. */
export const completion: SpecialCommand = {
  words: ['completion'],
  usage: shells.join('|'),
  summary: 'Prints what makes a shell complete the commands of vivarium',
  options: [],
  details: ['The names of machines are completed, too: `vivarium completion machines` prints them.'],
  examples: ['source <(vivarium completion bash)', 'vivarium completion fish | source'],
  async run(words, { output, entries, dataFolder }) {
    const { positionals } = parseOptions(words, ['SHELL'], {});
    if (positionals[0] === 'machines') {
      // Where there is no library yet, or none that can be read, there is nothing to complete.
      printResult(output, await machineNames(dataFolder).catch(() => []));
      return 0;
    }
    const shell = shells.find((one) => one === positionals[0]);
    if (!shell) throw new UsageError(`The shells are ${shells.join(', ')}.`);
    output.line(completionScript(shell, entries));
    return 0;
  },
};
