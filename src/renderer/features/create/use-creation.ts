import { toErrorValue } from '@shared/errors';
import { machineId, type MachineSpec } from '@shared/machine/config';
import { computed, ref } from 'vue';
import { z } from 'zod';
import { call, inElectron } from '../../bridge/client';
import { useJobs } from '../../stores/jobs';
import { useMachines } from '../../stores/machines';

const jobResult = z.object({ id: machineId });

export type CreationPhase =
  'idle' | 'creating' | 'starting' | 'failed' | 'start-failed' | 'window-refused' | 'done';

/** Creates a machine, and starts it and opens its console if wanted. Every error is shown where it happened. */
export function useCreation() {
  const jobs = useJobs();
  const machines = useMachines();
  const phase = ref<CreationPhase>('idle');
  const failure = ref<unknown>();
  const jobId = ref<string>();
  const createdId = ref<string>();
  const job = computed(() => (jobId.value === undefined ? undefined : jobs.byId.get(jobId.value)));
  let cancelled = false;
  /** Resolves when nothing is being created, however that ended. */
  let ended: Promise<void> = Promise.resolve();

  /** Opens the console; false when the browser refuses a window. */
  async function openConsole(id: string): Promise<boolean> {
    if (inElectron()) {
      await call('machine.openConsole', { id });
      return true;
    }
    return window.open(`/console.html?machine=${encodeURIComponent(id)}`, `console-${id}`) !== null;
  }

  /** Resolves when there is nothing more to do; `phase` then says how it went. */
  async function create(spec: MachineSpec, start: boolean): Promise<void> {
    const made = make(spec);
    ended = made.then(() => undefined);
    const id = await made;
    if (id === undefined) return;
    if (start && !cancelled) await startCreated(id);
    else phase.value = 'done';
  }

  /** Resolves with the new machine's id; with nothing when there is none, and `phase` says why. */
  async function make(spec: MachineSpec): Promise<string | undefined> {
    cancelled = false;
    failure.value = undefined;
    createdId.value = undefined;
    phase.value = 'creating';
    try {
      jobId.value = (await call('machine.create', { spec })).jobId;
      // the person may have cancelled before the job had a name
      if (cancelled) await jobs.cancel(jobId.value);
      const { result } = await jobs.finished(jobId.value);
      return (createdId.value = jobResult.parse(result).id);
    } catch (error) {
      failure.value = error;
      phase.value = toErrorValue(error).code === 'cancelled' ? 'idle' : 'failed';
      return undefined;
    } finally {
      jobId.value = undefined;
    }
  }

  async function startCreated(id: string): Promise<void> {
    phase.value = 'starting';
    try {
      machines.put(await call('machine.start', { id }));
      phase.value = (await openConsole(id)) ? 'done' : 'window-refused';
    } catch (error) {
      failure.value = error;
      phase.value = 'start-failed';
    }
  }

  async function cancel(): Promise<void> {
    cancelled = true;
    if (jobId.value !== undefined) await jobs.cancel(jobId.value);
  }

  return { phase, failure, job, createdId, create, cancel, ended: () => ended, openConsole };
}
