import type { ProcessHost } from '../platform/process-host';
import { runWorkerJob } from '../platform/worker-job';
import { hostSnapshotFiles, type SnapshotFiles } from './files';

/** The host's disk, with images merged in processes of their own. */
export function workerSnapshotFiles(processHost: ProcessHost): SnapshotFiles {
  return hostSnapshotFiles((request, { onProgress, signal }) =>
    runWorkerJob(processHost, 'mergeImages', request, {
      signal: signal ?? new AbortController().signal,
      progress: (done, total) => onProgress?.(done, total ?? 0),
    }),
  );
}
