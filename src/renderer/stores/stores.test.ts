import type { Job } from '@shared/ipc/contract';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import { settle, testBackend } from '../testing/backend';
import { testMachine } from '../testing/machines';
import { useJobs } from './jobs';
import { useMachines } from './machines';

beforeEach(() => setActivePinia(createPinia()));

describe('the machines', () => {
  it('are listed by name as people count, and follow events', async () => {
    const list = [testMachine(1, 'Linux 10'), testMachine(2, 'Linux 9')];
    const server = testBackend({ 'machine.list': () => list });
    const machines = useMachines();
    expect(machines.loaded).toBe(false);
    await settle();
    expect(machines.names).toEqual(['Linux 9', 'Linux 10']);

    server.emit('machine.changed', testMachine(3, 'Alpine', 'running'));
    server.emit('machine.removed', { id: testMachine(1, '').id });
    await settle();
    expect(machines.names).toEqual(['Alpine', 'Linux 9']);
  });

  it('say why they could not be loaded, and load when asked again', async () => {
    let broken = true;
    testBackend({
      'machine.list': () => {
        if (broken) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
        return [];
      },
    });
    const machines = useMachines();
    await settle();
    expect(machines.loaded).toBe(false);
    expect(machines.failure).toMatchObject({ code: 'file.denied' });
    broken = false;
    await machines.load();
    expect(machines.loaded).toBe(true);
    expect(machines.failure).toBeUndefined();
  });
});

const job: Job = {
  id: 'job1',
  kind: 'download',
  subject: 'debian',
  title: 'Downloading',
  state: 'running',
  done: 0,
  total: 10,
  unit: 'bytes',
  cancellable: true,
  error: null,
  result: null,
};

describe('jobs', () => {
  it('are awaited until they are done', async () => {
    const server = testBackend({ 'job.list': () => [job] });
    const jobs = useJobs();
    await settle();
    expect(jobs.runningFor('download', 'debian')?.id).toBe('job1');
    const finished = jobs.finished('job1');
    server.emit('job.changed', { ...job, state: 'done', result: '/image.iso' });
    expect((await finished).result).toBe('/image.iso');
    expect(jobs.running).toEqual([]);
    // one that ended before anybody asked is answered too
    expect((await jobs.finished('job1')).state).toBe('done');
  });

  it('reject with their own error, or as cancelled', async () => {
    const error = { code: 'download.failed', message: 'No route.' } as const;
    const server = testBackend({ 'job.list': () => [job] });
    const jobs = useJobs();
    await settle();
    const failing = expect(jobs.finished('job1')).rejects.toMatchObject(error);
    server.emit('job.changed', { ...job, state: 'failed', error });
    await failing;
    const cancelled = expect(jobs.finished('job2')).rejects.toMatchObject({ code: 'cancelled' });
    server.emit('job.changed', { ...job, id: 'job2', state: 'cancelled' });
    await cancelled;
  });
});
