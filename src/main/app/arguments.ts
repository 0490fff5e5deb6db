/** What the app's command line asks for. Options of Chromium and Electron themselves are passed over. */
export interface AppArguments {
  /** Where machines live, when not in the usual place. */
  dataFolder: string | undefined;
}

export function parseArguments(words: readonly string[]): AppArguments {
  const prefix = '--data=';
  const data = words.find((word) => word.startsWith(prefix))?.slice(prefix.length);
  return { dataFolder: data || undefined };
}
