import { describe, expect, it, vi } from 'vitest';
import { Failure } from '@shared/errors';
import { JobRunner } from './job-runner';

const runner = () => {
  const report = vi.fn();
  const ended = vi.fn();
  return { report, ended, jobs: new JobRunner(report, ended) };
};

describe('a job', () => {
  it('reports at most ten times a second, and its end', async () => {
    const { jobs, report, ended } = runner();
    const result = await jobs.run(async ({ progress }) => {
      for (let done = 1; done <= 10_000; done++) progress(done, 10_000);
      return 'made';
    });
    expect(result).toBe('made');
    expect(report.mock.calls.length).toBeLessThan(5);
    expect(report).toHaveBeenLastCalledWith({ done: 10_000, total: 10_000 });
    expect(ended).toHaveBeenCalledOnce();
  });

  it('that is cancelled has put its affairs in order when cancel resolves', async () => {
    const { jobs, ended } = runner();
    let cleaned = false;
    const job = jobs.run(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            setTimeout(() => {
              cleaned = true;
              reject(new Failure('cancelled', 'stopped'));
            }, 20),
          );
        }),
    );
    const outcome = expect(job).rejects.toMatchObject({ code: 'cancelled' });
    await jobs.cancel();
    expect(cleaned).toBe(true);
    await outcome;
    expect(ended).toHaveBeenCalledOnce();
  });

  it('does not begin after it was cancelled', async () => {
    const { jobs } = runner();
    await jobs.cancel();
    const job = vi.fn();
    await expect(jobs.run(job)).rejects.toMatchObject({ code: 'cancelled' });
    expect(job).not.toHaveBeenCalled();
  });

  it('is the only one of its process', async () => {
    const { jobs } = runner();
    await jobs.run(async () => 1);
    await expect(jobs.run(async () => 2)).rejects.toMatchObject({ code: 'ipc.denied' });
  });
});
