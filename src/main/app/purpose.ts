import { isLink } from '@shared/desktop/open-request';

/** What the program was started to be. */
export interface Purpose {
  purpose: 'app' | 'command-line' | 'browser-mode';
  /** What belongs to that; the app looks at the whole command line itself. */
  words: string[];
}

const purposes = { '--command-line': 'command-line', '--browser-mode': 'browser-mode' } as const;

/**
 * Understands `program [Chromium's options] --command-line -- WORDS`. Chromium takes nothing after `--` for its own, so
 * that no word of a person is an option of the browser.
 *
 * @param argv with the program in front
 */
export function purposeOf(argv: readonly string[]): Purpose {
  const end = argv.indexOf('--');
  const named = end < 0 ? undefined : argv[end - 1];
  const purpose = named !== undefined && Object.hasOwn(purposes, named) ? named : undefined;
  // A link comes from any web page: where a system lets quotes in it end its word, what follows is the page's.
  if (purpose === undefined || argv.slice(1, end).some(isLink)) return { purpose: 'app', words: [] };
  return { purpose: purposes[purpose as keyof typeof purposes], words: argv.slice(end + 1) };
}

/** The same the other way: how the program is started for that. Without a display, and quietly. */
export function wordsFor(purpose: '--command-line' | '--browser-mode', words: readonly string[]): string[] {
  return ['--ozone-platform=headless', '--disable-gpu', '--log-level=3', purpose, '--', ...words];
}
