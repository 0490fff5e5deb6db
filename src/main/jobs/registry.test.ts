import { expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import { type JobControl, type JobDescription, JobRegistry } from './registry';

const description: JobDescription = {
  kind: 'create',
  subject: 'x',
  title: 'X',
  unit: 'bytes',
  cancellable: true,
};

function setUp() {
  const told: Job[] = [];
  const jobs = new JobRegistry((event) => {
    if (event.name === 'job.changed') told.push(event.value as Job);
  });
  return { told, jobs };
}

it('tells the beginning, the progress and the result', async () => {
  const { told, jobs } = setUp();
  const { jobId } = jobs.start(description, async ({ progress }) => {
    progress(1, 2);
    return { id: 'made' };
  });
  const job = await jobs.ended(jobId);
  expect(job).toMatchObject({ state: 'done', result: { id: 'made' }, done: 2, total: 2, error: null });
  expect(told[0]).toMatchObject({ id: jobId, state: 'running', done: 0 });
  expect(told.at(-1)).toEqual(job);
  expect(jobs.list()).toEqual([job]);
});

it('tells progress at most ten times a second, and the last of it', async () => {
  const { told, jobs } = setUp();
  const { jobId } = jobs.start(description, async ({ progress }) => {
    const begin = performance.now();
    for (let done = 1; performance.now() - begin < 350; done++) {
      progress(done, 1e9);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await jobs.ended(jobId);
  expect(told.length).toBeGreaterThan(3);
  expect(told.length).toBeLessThan(8);
});

it('keeps a failure inside the job', async () => {
  const { jobs } = setUp();
  const { jobId } = jobs.start(description, () => Promise.reject(new Failure('file.no-space', 'full')));
  expect(await jobs.ended(jobId)).toMatchObject({ state: 'failed', error: { code: 'file.no-space' } });
  const broken = jobs.start(description, () => {
    throw new TypeError('oops');
  });
  expect(await jobs.ended(broken.jobId)).toMatchObject({ state: 'failed', error: { code: 'internal' } });
});

it('cancels through the signal', async () => {
  const { jobs } = setUp();
  const wait = ({ signal }: JobControl): Promise<void> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { jobId } = jobs.start(description, wait);
  await Promise.resolve();
  jobs.cancel(jobId);
  expect(await jobs.ended(jobId)).toMatchObject({ state: 'cancelled', error: null });
  jobs.cancel(jobId);
  expect(() => jobs.cancel('none')).toThrow(expect.objectContaining({ code: 'job.not-found' }));

  const stubborn = jobs.start({ ...description, cancellable: false }, wait);
  expect(() => jobs.cancel(stubborn.jobId)).toThrow(expect.objectContaining({ code: 'input.invalid' }));
  const begin = performance.now();
  await jobs.cancelAll(100);
  expect(performance.now() - begin).toBeLessThan(30_000);
});

it('forgets old jobs, but none that runs', async () => {
  const { jobs } = setUp();
  const running = jobs.start(description, () => new Promise(() => {}));
  for (let count = 0; count < 40; count++) {
    await jobs.ended(jobs.start(description, () => Promise.resolve()).jobId);
  }
  expect(jobs.list().length).toBeLessThan(35);
  expect(jobs.list().some(({ id }) => id === running.jobId)).toBe(true);
});
