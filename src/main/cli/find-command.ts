import { type ContractCommand, contractCommands, shortForms } from './contract-commands';
import { type CommandEntry, commandNamed } from './entries';
import { UsageError } from './usage-error';

/**
 * The command of the contract that is meant, and what was given to it. Pure.
 *
 * @param rest what was typed, without what is for every command
 * @param entries every command that there is
 * @throws UsageError where there is none
 */
export function findContractCommand(
  rest: readonly string[],
  entries: readonly CommandEntry[],
): {
  command: ContractCommand;
  words: readonly string[];
} {
  const [first = '', second = ''] = rest;
  const command = contractCommands.find(({ words }) => words[0] === first && words[1] === second);
  if (command) return { command, words: rest.slice(2) };
  for (const short of [`${first} ${second}`, first]) {
    const name = Object.hasOwn(shortForms, short) ? shortForms[short] : undefined;
    if (name) return { command: commandNamed(name), words: rest.slice(short.split(' ').length) };
  }
  const group = entries.filter(({ words }) => words[0] === first).flatMap(({ words }) => words[1] ?? []);
  if (group.length === 0) throw new UsageError(`There is no command “${first}”.`);
  throw new UsageError(`“${first}” goes on with one of: ${group.join(', ')}.`);
}
