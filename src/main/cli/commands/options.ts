import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../usage-error';

/**
 * The words of a command with options of its own.
 *
 * @param names what the words in order are called; there are no more than these
 * @param needed how many of them there must be
 * @throws UsageError
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  words: readonly string[],
  names: readonly string[],
  options: T,
  needed = names.length,
) {
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const missing = names.slice(0, needed)[parsed.positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  const extra = parsed.positionals[names.length];
  if (extra !== undefined) throw new UsageError(`“${extra}” is one word too many.`);
  return parsed;
}

/** The words of a command without options of its own. @throws UsageError */
export function parseWords(words: readonly string[], needed: number, names: readonly string[]): string[] {
  return parseOptions(words, names, {}, needed).positionals;
}

/** What stands before `--`, and what after it. Pure. */
export function beforeDashes(words: readonly string[]): [string[], string[]] {
  const at = words.indexOf('--');
  return at < 0 ? [[...words], []] : [words.slice(0, at), words.slice(at + 1)];
}

/** A whole number from an option. @throws UsageError */
export function wholeNumber(name: string, word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (!/^\d{1,9}$/.test(word)) throw new UsageError(`--${name} is a whole number, not “${word}”.`);
  return Number(word);
}
