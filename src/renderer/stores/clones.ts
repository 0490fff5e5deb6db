import type { CloneEstimate, CloneRequest, SharedWith } from '@shared/machine/clone';
import { defineStore } from 'pinia';
import { useConnection } from '../bridge/client';
import { useJobs } from './jobs';
import { useMachines } from './machines';

/** Machines made of others, and templates. */
export const useClones = defineStore('clones', () => {
  const connection = useConnection();
  const jobs = useJobs();
  const machines = useMachines();

  /** What cloning a snapshot, or the present state (null), would take. */
  const estimate = (id: string, snapshot: string | null): Promise<CloneEstimate> =>
    connection.call('clone.estimate', { id, snapshot });

  /** The machines that have images in common with one. */
  const sharing = (id: string): Promise<SharedWith[]> => connection.call('clone.sharing', { id });

  /** Resolves to the clone's id when it is there. Rejects with a `Failure`, also `cancelled`. */
  async function create(request: CloneRequest): Promise<string> {
    const { jobId } = await connection.call('clone.create', request);
    return ((await jobs.finished(jobId)).result as { id: string }).id;
  }

  async function setTemplate(id: string, template: boolean): Promise<void> {
    machines.put(await connection.call('clone.setTemplate', { id, template }));
  }

  return { estimate, sharing, create, setTemplate };
});
