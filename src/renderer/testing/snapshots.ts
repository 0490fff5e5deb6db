import { Failure } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import type { MachineSummary } from '@shared/machine/summary';
import { settingChanges } from '@shared/snapshot/changes';
import type { Snapshot, SnapshotList } from '@shared/snapshot/snapshot';
import { commonAncestor, survivingAncestor, withoutItems } from '@shared/snapshot/tree';
import { testBackend } from './backend';

export const snapshotIdOf = (number: number): string => `s${String(number).padStart(15, '0')}`;

/** A snapshot for tests, taken `number` minutes after noon. */
export function testSnapshot(
  machine: MachineSummary,
  number: number,
  parent: number | null,
  changes: Partial<Snapshot> = {},
): Snapshot {
  if (!machine.config) throw new Error('The machine has no configuration.');
  return {
    id: snapshotIdOf(number),
    parent: parent === null ? null : snapshotIdOf(parent),
    name: `Moment ${number}`,
    description: '',
    createdAt: new Date(Date.UTC(2026, 4, 1, 12, number)).toISOString(),
    state: 'off',
    memory: false,
    frozen: null,
    automatic: null,
    engine: 'v86',
    engineVersion: '1',
    hasScreen: false,
    ownBytes: number * 1024 * 1024,
    memoryBytes: 0,
    sharedBytes: 0,
    config: machine.config,
    ...changes,
  };
}

/**
 * Main with one machine, in memory: its snapshots can be taken, restored and deleted, and every call is written down.
 * Jobs end at once, except those that `hold` names, which end when the test says so.
 */
export function snapshotBackend(machine: MachineSummary, snapshots: Snapshot[], current: number | null) {
  const list: SnapshotList = {
    snapshots: [...snapshots],
    current: current === null ? null : snapshotIdOf(current),
    presentChangedSince: true,
    presentBytes: 4096,
    broken: [],
  };
  const calls: [string, Record<string, unknown>][] = [];
  /** `machine` is what main says of it; `hold` keeps jobs running; `fails` is what they end with. */
  const state = { machine, hold: false, fails: undefined as Failure | undefined };
  const running = new Map<string, { job: Job; end: () => void }>();
  let counter = 0;

  function startJob(kind: Job['kind'], work: () => void): { jobId: string } {
    const job: Job = {
      id: `job${++counter}`,
      kind,
      subject: machine.id,
      title: `${kind} in progress`,
      state: 'running',
      done: 1,
      total: 4,
      unit: 'steps',
      cancellable: true,
      error: null,
      result: null,
    };
    const tell = (change: Partial<Job>): void => server.emit('job.changed', { ...job, ...change });
    const end = (): void => {
      running.delete(job.id);
      if (state.fails) return tell({ state: 'failed', error: state.fails.toValue() });
      work();
      server.emit('snapshot.changed', { id: machine.id });
      tell({ state: 'done', done: 4 });
    };
    running.set(job.id, { job, end });
    queueMicrotask(() => {
      tell({});
      if (!state.hold) end();
    });
    return { jobId: job.id };
  }
  const note = (name: string, params: Record<string, unknown>): void => void calls.push([name, params]);

  const server = testBackend({
    'app.info': () => ({
      version: '0',
      shell: 'browser',
      platform: 'linux',
      dataFolder: '/',
      nativeDialogs: false,
      canTrash: false,
      canShowInFolder: false,
      development: false,
    }),
    'machine.list': () => [state.machine],
    'machine.savedScreen': () => null,
    'host.engines': () => [],
    'job.list': () => [],
    'job.cancel': ({ id }) => {
      note('job.cancel', { id });
      const { job } = running.get(id) ?? {};
      running.delete(id);
      if (job) server.emit('job.changed', { ...job, state: 'cancelled' });
      return undefined;
    },
    'snapshot.list': () => ({ ...list }),
    'snapshot.screen': () => null,
    'snapshot.take': (params) => {
      note('take', params);
      return startJob('snapshot', () => {
        const number = list.snapshots.length + 1;
        const { name = '', description = '', memory } = params;
        const made = testSnapshot(machine, number, null, { name, description, memory, parent: list.current });
        list.snapshots.push(made);
        list.current = made.id;
      });
    },
    'snapshot.restore': (params) => {
      note('restore', params);
      return startJob('restore', () => (list.current = params.snapshot));
    },
    'snapshot.delete': (params) => {
      note('delete', params);
      return startJob('deleteSnapshots', () => {
        const removed = new Set(params.snapshots);
        list.current = survivingAncestor(list.snapshots, list.current, removed);
        list.snapshots = withoutItems(list.snapshots, removed);
      });
    },
    'snapshot.protect': (params) => {
      note('protect', params);
      if (state.fails) throw state.fails;
      return undefined;
    },
    'snapshot.estimate': (params) => ({
      freedBytes: params.snapshots.length * 1024 * 1024,
      neededBytes: 512 * 1024,
      merged: [],
      mergesPresent: true,
    }),
    'snapshot.edit': (params) => {
      note('edit', params);
      list.snapshots = list.snapshots.map((one) =>
        one.id === params.snapshot ? { ...one, name: params.name, description: params.description } : one,
      );
      return undefined;
    },
    'snapshot.compare': ({ a, b }) => {
      const left = list.snapshots.find(({ id }) => id === a);
      const right = b === null ? undefined : list.snapshots.find(({ id }) => id === b);
      const config = right?.config ?? state.machine.config;
      if (!left || !config) throw new Failure('snapshot.not-found', 'There is no such snapshot.');
      const sizes = (one?: Snapshot) => ({
        ownBytes: one?.ownBytes ?? list.presentBytes,
        memoryBytes: one?.memoryBytes ?? 0,
        memory: one?.memory ?? false,
      });
      return {
        settings: settingChanges(left.config, config),
        a: sizes(left),
        b: sizes(right),
        commonAncestor: commonAncestor(list.snapshots, a, b ?? list.current),
      };
    },
  });
  return {
    list,
    /** What was asked for, in order: the command without its prefix, and its parameters. */
    calls,
    state,
    server,
    /** Ends every job that is held. */
    finish: (): void => [...running.values()].forEach(({ end }) => end()),
  };
}
