import type { CommandEntry } from './entries';
import { exitStatus } from './exit-status';
import { guide } from './guide';

export const intro = `Usage: vivarium [--data FOLDER] [--json] COMMAND …

Machines and snapshots are named by their id, their name, or a part of it that no other has.
--json prints results as JSON, one value a line. --data is the folder of the library
(VIVARIUM_DATA; else the usual one of your system).

With Vivarium open, commands work on it. Without, it is started in the background, without a
window, and ends when no machine runs.
`;

export const statuses: Record<keyof typeof exitStatus, string> = {
  ok: 'done',
  failed: 'it failed',
  usage: 'the command line makes no sense',
  notFound: 'there is no such thing',
  wrongState: 'not in this state: the machine runs, or does not; something is in use',
  refused: 'a value is not acceptable, or not allowed',
  timeout: 'it took too long',
  cancelled: 'cancelled',
  unavailable: 'this computer or this engine cannot do it',
  corrupt: 'a file is damaged',
};

/** What `vivarium help` prints. Pure. */
export function helpText(entries: readonly CommandEntry[]): string {
  const plain = entries.filter(({ words }) => words.length === 1);
  const groups = grouped(entries.filter(({ words }) => words.length > 1));
  return [
    intro,
    'Commands:',
    ...lines(plain),
    ...[...groups].flatMap(([group, list]) => ['', `${group}:`, ...lines(list)]),
    '',
    '`vivarium help COMMAND` says more.',
    '',
    'Exit status:',
    ...Object.entries(exitStatus).map(
      ([name, status]) => `  ${status}  ${statuses[name as keyof typeof exitStatus]}`,
    ),
  ].join('\n');
}

function grouped(entries: readonly CommandEntry[]): Map<string, CommandEntry[]> {
  const groups = new Map<string, CommandEntry[]>();
  for (const entry of entries) {
    const group = entry.words[0] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return groups;
}

function lines(entries: readonly CommandEntry[]): string[] {
  const names = entries.map(({ words }) => words.join(' '));
  const width = Math.max(...names.map((name) => name.length));
  return entries.map(({ summary }, index) => `  ${(names[index] ?? '').padEnd(width)}  ${summary}`);
}

/** What `vivarium help COMMAND` prints. Pure. */
export function commandHelp({ words, usage, summary, details = [], examples = [] }: CommandEntry): string {
  return [
    `Usage: vivarium ${words.join(' ')} ${usage}`.trimEnd(),
    '',
    `${summary}.`,
    ...details,
    ...(examples.length > 0 ? ['', 'Examples:', ...examples.map((example) => `  ${example}`)] : []),
  ].join('\n');
}

/** What `vivarium help GROUP` prints, for the first word of several commands. Pure. */
export function groupHelp(group: readonly CommandEntry[]): string {
  return [...lines(group), '', `\`vivarium help ${group[0]?.words[0] ?? ''} …\` says more.`].join('\n');
}

/** `docs/cli.md`. Pure. */
export function helpMarkdown(entries: readonly CommandEntry[]): string {
  const section = (entry: CommandEntry): string =>
    `### vivarium ${entry.words.join(' ')}\n\n\`\`\`text\n${commandHelp(entry)}\n\`\`\``;
  return [
    '# The command line',
    '',
    'Made by `npm run vivarium -- help --markdown`; a test keeps it true.',
    '',
    ...guide,
    '## All commands',
    '',
    '```text',
    helpText(entries),
    '```',
    '',
    ...entries.map((entry) => `${section(entry)}\n`),
  ].join('\n');
}
