import type { Job } from '@shared/ipc/contract';
import type { JobControl, JobRegistry } from '../jobs/registry';

/** The long tasks on images. */
export type ImageJobKind = Extract<
  Job['kind'],
  | 'verifyDisks'
  | 'checkDisk'
  | 'compactDisk'
  | 'repairDisk'
  | 'convertDisk'
  | 'exportDisk'
  | 'moveImage'
  | 'moveMachine'
>;

interface About {
  kind: ImageJobKind;
  /** The machine that it is about; empty for none. */
  subject: string;
  title: string;
  unit: Job['unit'];
}

/** Starts a task on images; all of them can be cancelled. */
export function startImageJob(
  jobs: JobRegistry,
  about: About,
  task: (control: JobControl) => Promise<unknown>,
): { jobId: string } {
  return jobs.start({ ...about, cancellable: true }, task);
}
