import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLink, mostRequests, type OpenRequest, parseLink } from '@shared/desktop/open-request';

/** What the app's command line asks for. Options of Chromium and Electron themselves are passed over. */
export interface AppArguments {
  /** Where machines live, when not in the usual place. */
  dataFolder: string | undefined;
  /** Started by the system when the person logged in: no window, where there is a tray. */
  background: boolean;
  /** Links, and files that were opened with the program. */
  open: OpenRequest[];
  /** Links that are not what ours look like. */
  badLinks: boolean;
}

/**
 * Understands `--data FOLDER`, `--data=FOLDER`, `--background`, and links, paths and `file:` addresses to open: the
 * latter is what desktops make of the `%U` in a desktop entry. Whatever else begins with a dash is somebody else's
 * option. Pure.
 *
 * @param words what follows the program, and the folder of the app where that was given
 * @param folder that relative paths are relative to
 */
export function parseArguments(words: readonly string[], folder: string = process.cwd()): AppArguments {
  const found: AppArguments = { dataFolder: undefined, background: false, open: [], badLinks: false };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--data') found.dataFolder = words[++at] || undefined;
    else if (word.startsWith('--data=')) found.dataFolder = word.slice('--data='.length) || undefined;
    else if (word === '--background') found.background = true;
    else if (word === '' || word.startsWith('-')) continue;
    else if (isLink(word)) {
      const request = parseLink(word);
      if (request) found.open.push(request);
      else found.badLinks = true;
    } else found.open.push({ kind: 'path', path: localPath(word) ?? path.resolve(folder, word) });
  }
  found.open = found.open.filter((request) => request.kind === 'machine' || request.path.length <= 4096);
  found.open.length = Math.min(found.open.length, mostRequests);
  return found;
}

/** The path of a `file:` address of this computer; undefined for anything else. */
function localPath(word: string): string | undefined {
  if (!/^file:/i.test(word)) return undefined;
  try {
    return fileURLToPath(word);
  } catch {
    return undefined; // of another computer: what is said of it is that it is not there
  }
}

/**
 * The words of a command line that are for us. An Electron that was started as `electron APP` has the folder of the
 * app among them, behind its own options.
 *
 * @param defaultApp `process.defaultApp`
 */
export function ownWords(argv: readonly string[], defaultApp: boolean): string[] {
  const words = argv.slice(1);
  if (!defaultApp) return words;
  const app = words.findIndex((word) => !word.startsWith('-'));
  return words.slice(app + 1);
}
