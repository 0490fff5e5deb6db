import type { CommandEntry } from './entries';
import { exitStatus } from './exit-status';
import { intro, statuses } from './help';

/** `vivarium(1)`, for man: made of the same list as help. Pure. */
export function manPage(entries: readonly CommandEntry[], version: string): string {
  const [, ...paragraphs] = intro.split('\n\n');
  return [
    `.TH VIVARIUM 1 "" "Vivarium ${plain(version)}" "User Commands"`,
    '.SH NAME',
    'vivarium \\- create, run, watch and save virtual machines',
    '.SH SYNOPSIS',
    '.B vivarium',
    '[\\-\\-data \\fIFOLDER\\fR] [\\-\\-json] \\fICOMMAND\\fR …',
    '.SH DESCRIPTION',
    ...paragraphs.flatMap((paragraph) => ['.PP', ...text(paragraph.replace(/\n/g, ' ').trim())]),
    '.SH COMMANDS',
    ...entries.flatMap(command),
    '.SH EXIT STATUS',
    ...Object.entries(exitStatus).flatMap(([name, status]) => [
      '.TP',
      `.B ${status}`,
      ...text(statuses[name as keyof typeof exitStatus]),
    ]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B VIVARIUM_DATA',
    'The folder of the library, where \\-\\-data does not say.',
    '.TP',
    '.B VIVARIUM_QEMU',
    'A folder with the programs of QEMU, looked in before all other places.',
  ].join('\n');
}

function command({ words, usage, summary, details = [], examples = [] }: CommandEntry): string[] {
  return [
    '.TP',
    `.B ${plain(words.join(' '))} ${plain(usage)}`.trimEnd(),
    ...text(`${summary}.`),
    ...details.flatMap((detail) => ['.IP', ...text(detail)]),
    ...(examples.length > 0 ? ['.IP', '.nf', ...examples.flatMap(text), '.fi'] : []),
  ];
}

/** A line that roff shows as it is: one that begins with a dot or an apostrophe would be taken for a request. */
function text(line: string): string[] {
  const shown = plain(line);
  return [/^[.']/.test(shown) ? `\\&${shown}` : shown];
}

/** Backslashes, and the hyphens that a person would copy (groff_char(7)). */
function plain(line: string): string {
  return line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('`', '\\`');
}
