import type { CommandName } from '@shared/ipc/contract';
import { type ContractCommand, contractCommands, shortForms } from './contract-commands';
import { examples } from './examples';
import type { Field } from './fields';
import { goalTexts, usualSeconds, waits } from './goals';
import { summaries } from './summaries';

/** A command as help and completion list it. */
export interface CommandEntry {
  words: readonly string[];
  usage: string;
  summary: string;
  /** Names of its options, without the dashes. */
  options: readonly string[];
  /** Further paragraphs for its own help. */
  details?: readonly string[];
  /** Whole command lines, for its own help. */
  examples?: readonly string[];
}

/** Every command: the special ones, the short forms, and those of the contract. */
export function commandEntries(special: readonly CommandEntry[]): CommandEntry[] {
  const short = Object.entries(shortForms).map(([word, name]) =>
    entryOf(word.split(' '), commandNamed(name)),
  );
  return [...special, ...short, ...contractCommands.map((command) => entryOf(command.words, command))];
}

export function commandNamed(name: CommandName): ContractCommand {
  const found = contractCommands.find((command) => command.name === name);
  if (!found) throw new Error(`${name} is no command for people`);
  return found;
}

function entryOf(words: readonly string[], command: ContractCommand): CommandEntry {
  return {
    words,
    usage: usageOf(command),
    summary: summaries[command.name] ?? command.name,
    options: [...command.options.map(({ name }) => name), ...ownOptions(command)],
    details: detailsOf(command),
    examples: examples[command.name] ?? [],
  };
}

/** Options that are not values of the command itself: how its end is waited for. */
function ownOptions({ name, job }: ContractCommand): string[] {
  return [...(job ? ['no-wait'] : []), ...(waits[name] ? ['wait', 'timeout'] : [])];
}

function detailsOf({ name, positionals, options, job }: ContractCommand): string[] {
  const optional = [...positionals, ...options].filter(({ nullable }) => nullable);
  const goal = waits[name];
  return [
    ...(job
      ? ['It is waited for, and Ctrl+C cancels it; with --no-wait the id of the task is printed at once.']
      : []),
    ...(goal
      ? [
          `With --wait it is done when ${goalTexts[goal]}; after --timeout seconds (${usualSeconds}) it gives up with status 6.`,
        ]
      : []),
    ...(optional.length > 0
      ? [`“-” stands for nothing: ${optional.map(({ name: option }) => option).join(', ')}.`]
      : []),
  ];
}

/** The values that a command takes, in the usual notation. */
export function usageOf({ name, positionals, options, job }: ContractCommand): string {
  return [
    ...positionals.map(placeholder),
    ...options.map((field) => {
      const text = field.kind === 'flag' ? `--${field.name}` : `--${field.name} ${placeholder(field)}`;
      return field.required && field.kind !== 'flag' && !field.nullable ? text : `[${text}]`;
    }),
    ...(job ? ['[--no-wait]'] : []),
    ...(waits[name] ? ['[--wait]', '[--timeout SECONDS]'] : []),
  ].join(' ');
}

/** What stands for a value in usage: `MACHINE`. */
export function placeholder({ name, kind, choices }: Field): string {
  if (choices) return choices.join('|');
  switch (kind) {
    case 'machine':
      return 'MACHINE';
    case 'snapshot':
      return 'SNAPSHOT';
    case 'snapshots':
      return 'SNAPSHOT,…';
    case 'path':
      return 'FILE';
    case 'number':
      return 'N';
    case 'list':
      return 'A,B,…';
    case 'json':
      return 'JSON';
    default:
      return name.toUpperCase();
  }
}
