import { parseArgs } from 'node:util';
import { type ErrorValue, toErrorValue } from '@shared/errors';
import { resolve } from 'node:path';
import { dataFolder as usualDataFolder } from '../platform/paths';
import { callCommand, parseGiven } from './call';
import { specialCommands } from './commands';
import { beforeDashes } from './commands/options';
import type { Surroundings } from './commands/special';
import { connect, type Connection } from './connect';
import { type CommandEntry, commandEntries } from './entries';
import type { Program } from './program';
import { exitStatus, statusOf } from './exit-status';
import { findContractCommand } from './find-command';
import { commandHelp, groupHelp, helpMarkdown, helpText } from './help';
import { manPage } from './man-page';
import { terminalOutput } from './terminal-output';
import { UsageError } from './usage-error';
import { version } from '../../../package.json';

/** What comes before the command. */
interface GlobalOptions {
  json: boolean;
  help: boolean;
  dataFolder: string;
  rest: string[];
}

const entries = commandEntries(specialCommands);

/**
 * The command line: finds the command, runs it, and says how it went.
 *
 * @param words what was typed after `vivarium`
 * @returns the exit status
 */
export async function runCommandLine(words: readonly string[], program: Program): Promise<number> {
  let json = beforeDashes(words)[0].includes('--json');
  try {
    const global = parseGlobal(words);
    ({ json } = global);
    return await run(global, program);
  } catch (error) {
    if (!(error instanceof UsageError)) return failed(toErrorValue(error), json);
    const hint = '“vivarium help” lists the commands.';
    failed({ code: 'input.invalid', message: error.message, hint }, json);
    return exitStatus.usage;
  }
}

/** Says what went wrong. @returns the exit status for it */
function failed({ code, message, hint, cause }: ErrorValue, json: boolean): number {
  if (json) console.error(JSON.stringify({ error: { code, message, hint, cause } }));
  else console.error([message, hint].filter((text) => text !== undefined).join('\n'));
  return statusOf(code);
}

/** `--json` and `--data` may stand anywhere; what comes after `--` is left alone. */
function parseGlobal(words: readonly string[]): GlobalOptions {
  const rest: string[] = [];
  let json = false;
  let help = false;
  let data: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') {
      rest.push(...words.slice(index));
      break;
    }
    if (word === '--json') json = true;
    else if (word === '--help' || word === '-h') help = true;
    else if (word.startsWith('--data=')) data = word.slice('--data='.length);
    else if (word === '--data') data = words[++index] ?? '';
    else rest.push(word);
  }
  if (data === '') throw new UsageError('--data needs a folder.');
  return { json, help, dataFolder: data === undefined ? usualDataFolder() : resolve(data), rest };
}

async function run({ json, help, dataFolder, rest }: GlobalOptions, program: Program): Promise<number> {
  const output = terminalOutput(json);
  if (rest[0] === '--version') {
    output.line(program.version);
    return exitStatus.ok;
  }
  const asksForHelp = help || rest.length === 0 || rest[0] === 'help';
  if (asksForHelp) return printHelp(rest[0] === 'help' ? rest.slice(1) : rest, output.line);
  let connection: Promise<Connection> | undefined;
  const anyVersion = ['app quit', 'app info'].includes(rest.slice(0, 2).join(' '));
  const client = async () => (await (connection ??= connect(dataFolder, program, anyVersion))).client;
  try {
    const special = specialCommands.find(({ words }) => words.every((word, index) => word === rest[index]));
    if (special) {
      const surroundings: Surroundings = { client, output, entries, program, dataFolder };
      return await special.run(rest.slice(special.words.length), surroundings);
    }
    const { command, words } = findContractCommand(rest, entries);
    const given = parseGiven(command, words);
    await callCommand(await client(), output, command, given);
    return exitStatus.ok;
  } finally {
    (await connection?.catch(() => undefined))?.close();
  }
}

function printHelp(rest: readonly string[], line: (text: string) => void): number {
  const { values, positionals } = parseArgs({
    args: [...rest],
    strict: false,
    options: { markdown: { type: 'boolean' }, man: { type: 'boolean' } },
  });
  if (values.markdown) line(helpMarkdown(entries));
  else if (values.man) line(manPage(entries, version));
  else if (positionals.length === 0) line(helpText(entries));
  else line(helpOf(positionals));
  return exitStatus.ok;
}

function helpOf(asked: readonly string[]): string {
  const begins = ({ words }: CommandEntry): boolean => words.every((word, index) => word === asked[index]);
  const entry = entries.find((one) => one.words.length === 2 && begins(one)) ?? entries.find(begins);
  if (entry) return commandHelp(entry);
  const group = entries.filter(({ words }) => words[0] === asked[0]);
  if (group.length === 0 || asked.length > 1)
    throw new UsageError(`There is no command “${asked.join(' ')}”.`);
  return groupHelp(group);
}
