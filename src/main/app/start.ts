import path from 'node:path';
import { app } from 'electron';
import { cacheFolder } from '../platform/paths';
import { purposeOf } from './purpose';

/**
 * The program's first lines. One program is three: the app with its windows, the command line, and browser mode. The
 * latter two have no display and load nothing that draws.
 */
const { purpose, words } = purposeOf(process.argv);
if (purpose === 'app') await import('./main');
else {
  // What Chromium keeps for its pages: here are none, and the app's own must not be shared.
  app.setPath('userData', path.join(cacheFolder(), 'headless'));
  if (purpose === 'command-line') (await import('./command-line')).commandLine(words);
  else (await import('./browser-mode')).browserMode(words);
}
