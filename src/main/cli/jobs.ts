import { Failure, toFailure } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import type { Client } from './connect';
import type { Output } from './output';

/**
 * Waits for a job, telling how far it is. Ctrl+C cancels it, also when it comes before the answer to what began the
 * job; a second one ends this program at once.
 *
 * @param begun the answer to what begins the job
 * @returns the job's result
 * @throws Failure what the job failed with or was refused for, `cancelled`
 */
export async function waitForJob(
  client: Client,
  output: Output,
  begun: Promise<{ jobId: string }>,
): Promise<unknown> {
  const cancel = (): void =>
    void begun.then(({ jobId }) => client.call('job.cancel', { id: jobId })).catch(() => {}); // it may be over
  process.once('SIGINT', cancel);
  try {
    const { jobId } = await begun;
    const job = await ended(client, output, jobId);
    if (job.state === 'done') return job.result;
    if (job.error) throw toFailure(job.error);
    throw new Failure('cancelled', `“${job.title}” was cancelled.`);
  } finally {
    process.off('SIGINT', cancel);
    output.progress('');
  }
}

function ended(client: Client, output: Output, jobId: string): Promise<Job> {
  return new Promise((resolve, reject) => {
    const look = (job: Job): void => {
      if (job.id !== jobId) return;
      if (job.state === 'running') output.progress(progressOf(job));
      else resolve(job);
    };
    client.on('job.changed', look);
    client.onClose(() => reject(new Failure('ipc.closed', 'Vivarium has ended.')));
    // It may have ended before anybody listened.
    client.call('job.list', {}).then((jobs) => jobs.forEach(look), reject);
  });
}

/** What goes on, in a line: `snapshot: Trial, 40 % of 128 MiB`. Pure. */
export function progressOf({ kind, title, done, total, unit }: Job): string {
  // What jobs are called in the contract, as words: `deleteSnapshots`.
  const what = `${kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${title}`;
  if (total === null || total === 0) return `${what} …`;
  const share = `${Math.floor((done / total) * 100)} %`;
  return unit === 'bytes' ? `${what}, ${share} of ${Math.ceil(total / 2 ** 20)} MiB` : `${what}, ${share}`;
}
