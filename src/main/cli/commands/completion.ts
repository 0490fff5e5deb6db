import { completionScript, shells } from '../completion';
import { UsageError } from '../usage-error';
import { parseOptions } from './options';
import type { SpecialCommand } from './special';

/** `vivarium completion`: what a shell needs to complete our commands. */
export const completion: SpecialCommand = {
  words: ['completion'],
  usage: shells.join('|'),
  summary: 'Prints what makes a shell complete the commands of vivarium',
  options: [],
  details: [],
  examples: ['source <(vivarium completion bash)', 'vivarium completion fish | source'],
  run(words, { output, entries }) {
    const { positionals } = parseOptions(words, ['SHELL'], {});
    const shell = shells.find((one) => one === positionals[0]);
    if (!shell) throw new UsageError(`The shells are ${shells.join(', ')}.`);
    output.line(completionScript(shell, entries));
    return Promise.resolve(0);
  },
};
