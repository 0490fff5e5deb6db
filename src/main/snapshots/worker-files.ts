import type { ProcessHost } from '../platform/process-host';
import { runWorkerJob } from '../platform/worker-job';
import { packFolderName } from '../disks/memory-chunks/references';
import { exists, hostSnapshotFiles, type LongTasks, type SnapshotFiles } from './files';
import { inFolder } from './record';

/** What takes long, in processes of its own. */
export function workerTasks(processHost: ProcessHost): LongTasks {
  return {
    merge: (request, { onProgress, signal }) =>
      runWorkerJob(processHost, 'mergeImages', request, {
        signal: signal ?? new AbortController().signal,
        progress: (done, total) => onProgress?.(done, total ?? 0),
      }),
    shareMemory: (from, path, { onProgress, signal }) =>
      runWorkerJob(
        processHost,
        'shareMemory',
        { from, path },
        {
          signal: signal ?? new AbortController().signal,
          progress: (done, total) => onProgress?.(done, total ?? 0),
        },
      ),
    async collectMemory(folder) {
      // Most machines have none, and need no process to find that out.
      if (!(await exists(inFolder(folder, packFolderName)))) return;
      const control = { signal: new AbortController().signal, progress: () => undefined };
      await runWorkerJob(processHost, 'collectMemory', { folder }, control);
    },
  };
}

/** The host's disk, with what takes long in processes of its own. */
export function workerSnapshotFiles(processHost: ProcessHost): SnapshotFiles {
  return hostSnapshotFiles(workerTasks(processHost));
}
