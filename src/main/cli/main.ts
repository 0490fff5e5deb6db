import { parseArgs } from 'node:util';
import { toErrorValue, toFailure } from '@shared/errors';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolder as usualDataFolder } from '../platform/paths';
import { callCommand, parseGiven } from './call';
import { specialCommands } from './commands';
import type { Surroundings } from './commands/special';
import { connect, type Connection } from './connect';
import { type ContractCommand, contractCommands, shortForms } from './contract-commands';
import { type CommandEntry, commandEntries, commandNamed } from './entries';
import { exitStatus, statusOf } from './exit-status';
import { commandHelp, helpMarkdown, helpText } from './help';
import { terminalOutput } from './terminal-output';
import { UsageError } from './usage-error';

/** What comes before the command. */
interface GlobalOptions {
  json: boolean;
  help: boolean;
  dataFolder: string;
  rest: string[];
}

const entries = commandEntries(specialCommands);

/** The command line: finds the command, runs it, and says how it went by its exit status. */
async function main(words: readonly string[]): Promise<number> {
  let json = words.includes('--json');
  try {
    const global = parseGlobal(words);
    ({ json } = global);
    return await run(global);
  } catch (error) {
    if (!(error instanceof UsageError)) return failed(error, json);
    console.error(`${error.message}\n“vivarium help” lists the commands.`);
    return exitStatus.usage;
  }
}

function failed(error: unknown, json: boolean): number {
  const { code, message, hint, cause } = toErrorValue(error);
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

async function run({ json, help, dataFolder, rest }: GlobalOptions): Promise<number> {
  const output = terminalOutput(json);
  const asksForHelp = help || rest.length === 0 || rest[0] === 'help';
  if (asksForHelp) return printHelp(rest[0] === 'help' ? rest.slice(1) : rest, output.line);
  const mainFolder = dirname(fileURLToPath(import.meta.url));
  let connection: Promise<Connection> | undefined;
  const client = async () => (await (connection ??= connect(dataFolder, mainFolder))).client;
  try {
    const special = specialCommands.find(({ words: [first] }) => first === rest[0]);
    if (special) {
      const surroundings: Surroundings = { client, output, entries, mainFolder, dataFolder };
      return await special.run(rest.slice(1), surroundings);
    }
    const { command, words } = findContractCommand(rest);
    const given = parseGiven(command, words);
    await callCommand(await client(), output, command, given);
    return exitStatus.ok;
  } finally {
    (await connection?.catch(() => undefined))?.close();
  }
}

function findContractCommand(rest: readonly string[]): {
  command: ContractCommand;
  words: readonly string[];
} {
  const [first = '', second = ''] = rest;
  const command = contractCommands.find(({ words }) => words[0] === first && words[1] === second);
  if (command) return { command, words: rest.slice(2) };
  const short = Object.hasOwn(shortForms, first) ? shortForms[first] : undefined;
  if (short) return { command: commandNamed(short), words: rest.slice(1) };
  const group = contractCommands.filter(({ words }) => words[0] === first).map(({ words }) => words[1]);
  if (group.length === 0) throw new UsageError(`There is no command “${first}”.`);
  throw new UsageError(`“${first}” goes on with one of: ${group.join(', ')}.`);
}

function printHelp(rest: readonly string[], line: (text: string) => void): number {
  if (
    parseArgs({ args: [...rest], strict: false, options: { markdown: { type: 'boolean' } } }).values.markdown
  ) {
    line(helpMarkdown(specialCommands, entries));
    return exitStatus.ok;
  }
  if (rest.length === 0) {
    line(helpText(entries));
    return exitStatus.ok;
  }
  const begins = ({ words }: CommandEntry): boolean => words.every((word, index) => word === rest[index]);
  const entry = entries.find((one) => one.words.length === 2 && begins(one)) ?? entries.find(begins);
  if (!entry) throw new UsageError(`There is no command “${rest.join(' ')}”.`);
  const details = specialCommands.find(({ words }) => words.join() === entry.words.join())?.details;
  line(commandHelp(entry, details));
  return exitStatus.ok;
}

// A reader that has seen enough (`vivarium list | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitStatus.ok : exitStatus.failed);
});
main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
    // What has been written is on its way; a terminal in raw mode or a listener must not hold the program.
    process.stdout.write('', () => process.exit());
  },
  (error: unknown) => {
    console.error(toFailure(error).message);
    process.exit(exitStatus.failed);
  },
);
