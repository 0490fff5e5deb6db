import path from 'node:path';
import { app } from 'electron';
import { describe } from '../platform/log';
import { programFolders } from '../platform/program-folders';
import { runServer } from '../server/main';
import { utilityProcessHost } from './utility-process-host';

/** Browser mode of an installed program, whose helper processes are Electron's. @param words its command line */
export function browserMode(words: readonly string[]): void {
  const folders = programFolders(import.meta.url);
  // Its end is its own to decide: there is no window whose closing means something.
  app.on('window-all-closed', () => {});
  app
    .whenReady()
    .then(() =>
      runServer(words, {
        processHost: utilityProcessHost(folders.main),
        rendererFolder: folders.renderer,
        resourcesFolder: app.isPackaged ? path.join(process.resourcesPath, 'vivarium') : folders.resources,
      }),
    )
    .then((serves) => {
      // Electron goes on where Node would have nothing more to do.
      if (!serves) process.stdout.write('', () => process.exit(Number(process.exitCode ?? 0)));
    })
    .catch((error: unknown) => {
      console.error(describe(error));
      process.exit(1);
    });
}
