import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { type ParamsInput, type Result, rpcClient } from '@shared/ipc/rpc';
import {
  workerProcessCommands,
  type WorkerProcessCommands,
  workerProcessEvents,
} from '@shared/ipc/worker-process';
import type { ProcessHost } from './process-host';

type JobName = Exclude<keyof WorkerProcessCommands, 'cancel'> & string;

/** How long a worker may take to put its affairs in order before it is killed, in milliseconds. */
const endingMs = 5000;
const toldLines = 3;

/**
 * Runs one job in a worker process of its own, to its end.
 *
 * @param control `signal` cancels: the worker is asked to clean up, then killed
 * @throws Failure what the job answers; `cancelled`; `internal` when the worker dies
 */
export async function runWorkerJob<N extends JobName>(
  host: ProcessHost,
  name: N,
  params: ParamsInput<WorkerProcessCommands, N>,
  control: { signal: AbortSignal; progress(done: number, total: number | null): void },
): Promise<Result<WorkerProcessCommands, N>> {
  const { signal } = control;
  if (signal.aborted) throw cancelled();
  const worker = host.start('worker-process', name);
  const rpc = rpcClient(worker, workerProcessCommands, workerProcessEvents, () => {});
  rpc.on('progress', ({ done, total }) => control.progress(done, total));
  let killTimer: NodeJS.Timeout | undefined;
  const killLater = (): void => {
    killTimer ??= setTimeout(() => worker.kill(), endingMs);
  };
  const abort = (): void => {
    killLater();
    // The job's own call fails when this has taken effect; that the worker is gone already is as good.
    rpc.call('cancel', {}).catch(() => undefined);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await rpc.call(name, params);
  } catch (error) {
    if (signal.aborted) throw cancelled();
    if (error instanceof Failure && error.code === 'ipc.closed') {
      const { code, signal: killedBy } = await worker.exited;
      throw new Failure('internal', `The worker process ended by itself (${killedBy ?? `status ${code}`}).`, {
        cause: worker.tail.slice(-toldLines).join('\n') || undefined,
      });
    }
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    // Whether it ends by itself after its answer is its own affair.
    killLater();
    if (!signal.aborted) worker.kill();
    await worker.exited;
    clearTimeout(killTimer);
  }
}

/** Copies a file in a worker process, checked; as `copyFileChecked`. @throws as `runWorkerJob` */
export function copyInWorker(
  host: ProcessHost,
  source: string,
  target: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
): Promise<unknown> {
  return runWorkerJob(
    host,
    'copyFile',
    { source, target },
    {
      signal: signal ?? new AbortController().signal,
      progress: (done, total) => onProgress?.(done, total ?? 0),
    },
  );
}

function cancelled(): Failure {
  return new Failure('cancelled', phrase('task.thisCancelled'));
}
