import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../usage-error';

/**
 * The words of a command with options of its own.
 *
 * @param names what the words in order are called; as many are needed
 * @throws UsageError
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  words: readonly string[],
  names: readonly string[],
  options: T,
) {
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const missing = names[parsed.positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  const extra = parsed.positionals[names.length];
  if (extra !== undefined) throw new UsageError(`“${extra}” is one word too many.`);
  return parsed;
}

/** A whole number from an option. @throws UsageError */
export function wholeNumber(name: string, word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (!/^\d{1,9}$/.test(word)) throw new UsageError(`--${name} is a whole number, not “${word}”.`);
  return Number(word);
}
