import { expect, it } from 'vitest';
import type { Client } from './connect';
import { waitForJob } from './jobs';
import type { Output } from './output';

it('cancels a job for which Ctrl+C was pressed before its number was known', async () => {
  const asked: unknown[] = [];
  let answer: (begun: { jobId: string }) => void = () => {};
  const begun = new Promise<{ jobId: string }>((resolve) => (answer = resolve));
  const job = {
    id: 'j1',
    kind: 'selftest',
    title: 'v86',
    state: 'cancelled',
    done: 0,
    total: null,
    unit: null,
  };
  const client = {
    call: (name: string, params: unknown) => {
      asked.push([name, params]);
      return Promise.resolve(name === 'job.list' ? [job] : null);
    },
    on: () => {},
    onClose: () => {},
  } as unknown as Client;
  const before = process.listeners('SIGINT');
  const waiting = waitForJob(client, { progress: () => {} } as unknown as Output, begun);
  const pressed = process.listeners('SIGINT').find((listener) => !before.includes(listener));
  pressed?.('SIGINT');
  answer({ jobId: 'j1' });
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  expect(asked).toContainEqual(['job.cancel', { id: 'j1' }]);
  expect(process.listeners('SIGINT')).toEqual(before);
});
