import {
  workerProcessCommands,
  type WorkerProcessCommands,
  type WorkerProcessEvents,
} from '@shared/ipc/worker-process';
import { serveRpc } from '@shared/ipc/rpc';
import { copyFileChecked } from '../../disks/copy-file';
import { exportDisk } from '../../disks/export';
import { collectMemory } from '../../disks/memory-chunks/collect';
import { shareImage } from '../../disks/memory-chunks/share-image';
import { mergeImages } from '../../disks/chain/merge';
import { checkQcow2 } from '../../disks/qcow2/check';
import { connectToParent } from '../../platform/parent-link';
import { copyDisk } from './copy-disk';
import { hashFile } from './hash-file';
import { JobRunner } from './job-runner';

/** The worker process: does one long job for main, and ends. */

/** Time for the last answer to leave, in milliseconds. */
const farewellMs = 200;
/** How long a job may take to put its affairs in order when main has gone away, in milliseconds. */
const orphanMs = 3000;

const leave = (): void => {
  setTimeout(() => process.exit(0), farewellMs);
};

const link = connectToParent();
const runner = new JobRunner((progress) => server.emit('progress', progress), leave);
const server = serveRpc<WorkerProcessCommands, WorkerProcessEvents, undefined>(
  link,
  workerProcessCommands,
  {
    copyDisk: (params) => runner.run((control) => copyDisk(params, control)),
    collectMemory: ({ folder }) => runner.run(({ signal }) => collectMemory(folder, undefined, signal)),
    shareMemory: ({ from, path }) =>
      runner.run(({ progress, signal }) => shareImage(from, path, { onProgress: progress, signal })),
    mergeImages: (params) =>
      runner.run(({ progress, signal }) => mergeImages(params, { onProgress: progress, signal })),
    copyFile: ({ source, target }) =>
      runner.run(({ progress, signal }) => copyFileChecked(source, target, { onProgress: progress, signal })),
    exportDisk: (params) =>
      runner.run(({ progress, signal }) => exportDisk(params, { onProgress: progress, signal })),
    checkImage: ({ path }) =>
      runner.run(({ progress, signal }) => checkQcow2(path, { onProgress: progress, signal })),
    hashFile: (params) => runner.run((control) => hashFile(params, control)),
    cancel: () => runner.cancel(),
  },
  undefined,
  (reason) => console.error(`Refused: ${reason}`),
);

link.onClose(() => {
  setTimeout(() => process.exit(0), orphanMs);
  void runner.cancel().finally(() => process.exit(0));
});
