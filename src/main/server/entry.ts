import { describe } from '../platform/log';
import { nodeProcessHost } from '../platform/node-process-host';
import { programFolders } from '../platform/program-folders';
import { runServer } from './main';

/** Browser mode on Node: of a checkout. */
const folders = programFolders(import.meta.url);
runServer(process.argv.slice(2), {
  processHost: nodeProcessHost(folders.main),
  rendererFolder: folders.renderer,
  resourcesFolder: folders.resources,
}).catch((error: unknown) => {
  console.error(describe(error));
  process.exit(1);
});
