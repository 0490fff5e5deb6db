import {
  workerProcessCommands,
  type WorkerProcessCommands,
  type WorkerProcessEvents,
} from '@shared/ipc/worker-process';
import { serveRpc } from '@shared/ipc/rpc';
import { mergeImages } from '../../disks/chain/merge';
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
    mergeImages: (params) =>
      runner.run(({ progress, signal }) => mergeImages(params, { onProgress: progress, signal })),
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
