/** What the app's command line asks for. Options of Chromium and Electron themselves are passed over. */
export interface AppArguments {
  /** Where machines live, when not in the usual place. */
  dataFolder: string | undefined;
}

/** Understands `--data FOLDER` and `--data=FOLDER`. */
export function parseArguments(words: readonly string[]): AppArguments {
  const at = words.findIndex((word) => word === '--data' || word.startsWith('--data='));
  if (at < 0) return { dataFolder: undefined };
  const word = words[at] ?? '';
  const folder = word === '--data' ? words[at + 1] : word.slice('--data='.length);
  return { dataFolder: folder || undefined };
}
