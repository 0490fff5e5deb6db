import { kebab } from './fields';
import { stringWidth } from './string-width';

/** Where results and remarks go. */
export interface Output {
  /** A line of the result. */
  line(text: string): void;
  /** A line for a person, beside the result. */
  remark(text: string): void;
  /** What goes on, on one line that is written over; nothing where no person looks. */
  progress(text: string): void;
  /** As JSON, for programs. */
  readonly json: boolean;
}

/** Prints a result: for programs one JSON value a line, for people a table, a list of what it has, or its text. */
export function printResult(output: Output, value: unknown, columns?: readonly string[]): void {
  if (value === undefined || value === null) return;
  if (output.json) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) output.line(JSON.stringify(one));
  } else if (Array.isArray(value)) {
    printList(output, value as unknown[], columns);
  } else if (typeof value === 'object') {
    for (const line of listing(value as Record<string, unknown>)) output.line(line);
  } else output.line(plain(value));
}

function printList(output: Output, values: unknown[], columns: readonly string[] | undefined): void {
  const rows = values.filter((value): value is object => typeof value === 'object' && value !== null);
  if (rows.length < values.length) for (const value of values) output.line(plain(value));
  else if (rows.length > 0)
    for (const line of table(rows, columns ?? columnsOf(rows[0] as object))) output.line(line);
}

/** At most so many columns where nobody has chosen them. */
const mostColumns = 6;

function columnsOf(row: object): string[] {
  return Object.entries(row)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name]) => name)
    .slice(0, mostColumns);
}

/** @param columns paths such as `config.engine`; their last part is the heading */
export function table(rows: readonly object[], columns: readonly string[]): string[] {
  const cells = [
    columns.map(headingOf),
    ...rows.map((row) => columns.map((column) => plain(at(row, column)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => stringWidth(line[index] ?? ''))));
  return cells.map((line) =>
    line
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - stringWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** `config.memoryMiB` as people read it: `MEMORY MIB`. */
function headingOf(column: string): string {
  return kebab(column.split('.').at(-1) ?? column)
    .replaceAll('-', ' ')
    .toUpperCase();
}

function at(row: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row);
}

/** `name: value`, what lies within indented. */
function listing(value: Record<string, unknown>, indent = ''): string[] {
  return Object.entries(value).flatMap(([name, one]) => {
    if (one === null || one === undefined) return [];
    if (typeof one !== 'object') return [`${indent}${name}: ${plain(one)}`];
    if (Array.isArray(one) && one.every((item) => typeof item !== 'object')) {
      return [`${indent}${name}: ${one.map(plain).join(', ')}`];
    }
    const inner = Array.isArray(one)
      ? (one as object[]).flatMap((item) => {
          const [first = '', ...rest] = listing(item as Record<string, unknown>, `${indent}    `);
          return [`${indent}  - ${first.trimStart()}`, ...rest];
        })
      : listing(one as Record<string, unknown>, `${indent}  `);
    return [`${indent}${name}:`, ...inner];
  });
}

/** A terminal obeys control characters, and names come from guests and files: they are shown, not obeyed. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/\p{C}/gu, (character) => (character === '\n' ? ' ' : '\ufffd'));
}
