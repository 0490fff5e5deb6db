import { toErrorValue, type ErrorValue } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import type { AutomaticSnapshots } from '@shared/snapshot/automatic';
import type { Snapshot, SnapshotEstimate, SnapshotList } from '@shared/snapshot/snapshot';
import type { SnapshotComparison } from '@shared/snapshot/changes';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { useConnection } from '../bridge/client';
import { useJobs } from './jobs';

/** The jobs that work on a machine's snapshots; their subject is the machine. */
export const snapshotJobs = ['snapshot', 'restore', 'deleteSnapshots'] as const satisfies Job['kind'][];

export interface TakeOptions {
  name: string;
  description: string;
  memory: boolean;
}

/** The snapshots of the machines that somebody looks at, kept current by main's events. */
export const useSnapshots = defineStore('snapshots', () => {
  const connection = useConnection();
  const jobs = useJobs();
  const lists = ref(new Map<string, SnapshotList>());
  /** The error of the last attempt to load a machine's list. */
  const failures = ref(new Map<string, ErrorValue>());
  const wanted = new Set<string>();
  const turns = new Map<string, number>();
  const screens = new Map<string, Promise<string | null>>();

  /** Loads a machine's list, and again whenever it changes. */
  async function load(id: string): Promise<void> {
    wanted.add(id);
    // answers may overtake one another: only that to the last question counts
    const turn = (turns.get(id) ?? 0) + 1;
    turns.set(id, turn);
    try {
      const list = await connection.call('snapshot.list', { id });
      if (turns.get(id) !== turn || !wanted.has(id)) return;
      lists.value.set(id, list);
      failures.value.delete(id);
    } catch (error) {
      if (turns.get(id) === turn && wanted.has(id)) failures.value.set(id, toErrorValue(error));
    }
  }

  function forget(id: string): void {
    wanted.delete(id);
    lists.value.delete(id);
    failures.value.delete(id);
    for (const key of screens.keys()) if (key.startsWith(`${id}/`)) screens.delete(key);
  }

  /** The screen at the moment of a snapshot as the address of an image; null when there is none. */
  function screen(id: string, { id: snapshot, hasScreen }: Snapshot): Promise<string | null> {
    if (!hasScreen) return Promise.resolve(null);
    const key = `${id}/${snapshot}`;
    let asked = screens.get(key);
    if (!asked) {
      asked = connection
        .call('snapshot.screen', { id, snapshot })
        .then((png) => (png === null ? null : `data:image/png;base64,${png}`))
        .catch(() => {
          // a picture that cannot be had is drawn as none; it is asked for again the next time
          screens.delete(key);
          return null;
        });
      screens.set(key, asked);
    }
    return asked;
  }

  /** The job that works on a machine's snapshots now. */
  function jobOf(id: string): Job | undefined {
    for (const kind of snapshotJobs) {
      const job = jobs.runningFor(kind, id);
      if (job) return job;
    }
    return undefined;
  }

  /** Resolves when the snapshot has been written. Rejects with a `Failure`, also `cancelled`. */
  async function take(id: string, { name, description, memory }: TakeOptions): Promise<void> {
    const { jobId } = await connection.call('snapshot.take', { id, name, description, memory });
    await jobs.finished(jobId);
  }

  async function restore(id: string, snapshot: string, disksOnly: boolean): Promise<void> {
    const { jobId } = await connection.call('snapshot.restore', { id, snapshot, disksOnly });
    await jobs.finished(jobId);
  }

  async function remove(id: string, snapshots: string[]): Promise<void> {
    const { jobId } = await connection.call('snapshot.delete', { id, snapshots });
    await jobs.finished(jobId);
  }

  const estimate = (id: string, snapshots: string[]): Promise<SnapshotEstimate> =>
    connection.call('snapshot.estimate', { id, snapshots });

  /** What differs between two snapshots; `b` null is the present. */
  const compare = (id: string, a: string, b: string | null): Promise<SnapshotComparison> =>
    connection.call('snapshot.compare', { id, a, b });

  async function edit(id: string, snapshot: string, name: string, description: string): Promise<void> {
    await connection.call('snapshot.edit', { id, snapshot, name, description });
    await load(id);
  }

  /** Changes what happens to a machine's states by itself; what is missing stays. */
  async function protect(
    id: string,
    wanted: { automatic?: AutomaticSnapshots | null; discardOnPowerOff?: boolean },
  ): Promise<void> {
    await connection.call('snapshot.protect', { id, ...wanted });
  }

  connection.on('snapshot.changed', ({ id }) => {
    if (wanted.has(id)) void load(id);
  });
  connection.on('machine.removed', ({ id }) => forget(id));
  connection.onConnected(async () => {
    await Promise.all([...wanted].map(load));
  });

  return { lists, failures, load, screen, jobOf, take, restore, remove, estimate, compare, edit, protect };
});
