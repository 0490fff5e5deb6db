import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Job } from '@shared/ipc/contract';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useConnection } from '../bridge/client';

/** Long tasks and how far they are. */
export const useJobs = defineStore('jobs', () => {
  const connection = useConnection();
  const byId = ref(new Map<string, Job>());
  const waiting = new Map<string, { resolve: (job: Job) => void; reject: (error: Failure) => void }[]>();

  const running = computed(() => [...byId.value.values()].filter(({ state }) => state === 'running'));

  function put(job: Job): void {
    byId.value.set(job.id, job);
    if (job.state === 'running') return;
    for (const { resolve, reject } of waiting.get(job.id) ?? []) {
      if (job.state === 'done') resolve(job);
      else if (job.error) reject(toFailure(job.error));
      else reject(new Failure('cancelled', phrase('task.thisCancelled')));
    }
    waiting.delete(job.id);
  }

  /** The running job of a kind that works on `subject`. */
  function runningFor(kind: Job['kind'], subject: string): Job | undefined {
    return running.value.find((job) => job.kind === kind && job.subject === subject);
  }

  /** Resolves with the finished job; rejects with its `Failure`, or `cancelled`. */
  function finished(id: string): Promise<Job> {
    return new Promise((resolve, reject) => {
      waiting.set(id, [...(waiting.get(id) ?? []), { resolve, reject }]);
      const known = byId.value.get(id);
      if (known) put(known);
    });
  }

  async function cancel(id: string): Promise<void> {
    await connection.call('job.cancel', { id });
  }

  connection.on('job.changed', put);
  connection.onConnected(async () => {
    const jobs = await connection.call('job.list', {});
    const present = new Set(jobs.map(({ id }) => id));
    for (const id of byId.value.keys()) if (!present.has(id)) byId.value.delete(id);
    for (const job of jobs) put(job);
  });

  return { byId, running, runningFor, finished, cancel };
});
