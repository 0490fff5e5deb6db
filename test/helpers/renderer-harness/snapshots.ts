import { Failure } from '@shared/errors';
import type { Commands, Events, Job } from '@shared/ipc/contract';
import type { Handlers, RpcServer } from '@shared/ipc/rpc';
import type { MachineSummary } from '@shared/machine/summary';
import { settingChanges } from '@shared/snapshot/changes';
import type { Snapshot, SnapshotList } from '@shared/snapshot/snapshot';
import { commonAncestor, defaultSnapshotName, survivingAncestor, withoutItems } from '@shared/snapshot/tree';

type SnapshotCommand = Extract<keyof Commands, `snapshot.${string}`>;

/** What the snapshots need of the rest of the in-page backend. */
interface Rest {
  find: (id: string) => MachineSummary;
  startJob: (kind: Job['kind'], subject: string, title: string, total: number, end: () => unknown) => string;
  screenOf: (name: string) => HTMLCanvasElement;
  emit: RpcServer<Events>['emit'];
}

const MiB = 1024 * 1024;
const idOf = (number: number): string => `s${String(number).padStart(15, '0')}`;

/** Name, parent, minutes since the first, description. With memory where the name says that it runs. */
const story: [string, number | null, number, string][] = [
  ['Fresh installation', null, 0, 'Nothing but the system. The root password is in the notes.'],
  ['Tools installed, running', 1, 45, ''],
  ['Kernel 6.1 experiment', 2, 90, 'Does not find the network card.'],
  ['Kernel 6.1, second attempt, running', 3, 130, ''],
  ['Kernel 6.1 without modules', 3, 150, ''],
  ['Before the update', 2, 1440, 'Everything works.'],
  ['After the update, running', 6, 1500, ''],
];

/** Snapshots in the page's memory: those of the first running machine tell a story, the others have none. */
export function snapshotHandlers({
  find,
  startJob,
  screenOf,
  emit,
}: Rest): Pick<Handlers<Commands>, SnapshotCommand> {
  const lists = new Map<string, SnapshotList>();

  function make(id: string, number: number, parent: string | null, name: string, memory: boolean): Snapshot {
    const { config } = find(id);
    if (!config) throw new Failure('machine.inaccessible', 'The machine cannot be read.');
    return {
      id: idOf(number),
      parent,
      name,
      description: '',
      createdAt: new Date().toISOString(),
      state: memory ? 'running' : 'off',
      memory,
      frozen: null,
      automatic: number === 5 ? 'schedule' : null,
      engine: config.engine,
      engineVersion: '0.5.462',
      hasScreen: memory,
      ownBytes: (memory ? 84 : 0) * MiB + number * 13.7 * MiB,
      memoryBytes: memory ? 84 * MiB : 0,
      sharedBytes: number * 41 * MiB,
      config: number < 3 ? { ...config, memoryMiB: 128, sound: !config.sound } : config,
    };
  }

  function listOf(id: string): SnapshotList {
    const known = lists.get(id);
    if (known) return known;
    const told = find(id).state === 'running' ? story : [];
    const snapshots = told.map(([name, parent, minutes, description], index) => ({
      ...make(id, index + 1, parent === null ? null : idOf(parent), name, name.endsWith('running')),
      description,
      createdAt: new Date(Date.UTC(2026, 4, 20, 8, minutes)).toISOString(),
    }));
    const list: SnapshotList = {
      snapshots,
      current: snapshots.at(-1)?.id ?? null,
      presentChangedSince: true,
      presentBytes: 3.2 * MiB,
      broken: [],
    };
    lists.set(id, list);
    return list;
  }

  function get(id: string, snapshot: string): Snapshot {
    const found = listOf(id).snapshots.find((one) => one.id === snapshot);
    if (!found) throw new Failure('snapshot.not-found', 'The machine has no such snapshot.');
    return found;
  }

  function change(id: string, next: Partial<SnapshotList>): void {
    lists.set(id, { ...listOf(id), ...next });
    emit('snapshot.changed', { id });
  }

  return {
    'snapshot.list': ({ id }) => listOf(id),
    'snapshot.take': ({ id, name, description = '', memory }) => ({
      jobId: startJob('snapshot', id, find(id).name, 84 * MiB, () => {
        const { snapshots, current } = listOf(id);
        const called = name ?? defaultSnapshotName(snapshots.map((one) => one.name));
        const made = { ...make(id, snapshots.length + 1, current, called, memory), description };
        change(id, { snapshots: [...snapshots, made], current: made.id, presentChangedSince: false });
        return { snapshot: made.id };
      }),
    }),
    'snapshot.restore': ({ id, snapshot }) => ({
      jobId: startJob('restore', id, find(id).name, 10, () => {
        change(id, { current: snapshot, presentChangedSince: false, presentBytes: 0 });
        return null;
      }),
    }),
    'snapshot.delete': ({ id, snapshots: ids }) => ({
      jobId: startJob('deleteSnapshots', id, find(id).name, 10, () => {
        const { snapshots, current } = listOf(id);
        const removed = new Set(ids);
        change(id, {
          snapshots: withoutItems(snapshots, removed),
          current: survivingAncestor(snapshots, current, removed),
        });
        return null;
      }),
    }),
    'snapshot.protect': ({ id, automatic, discardOnPowerOff }) => {
      const { config } = find(id);
      if (!config) return;
      if (automatic !== undefined) config.automaticSnapshots = automatic ?? undefined;
      if (discardOnPowerOff !== undefined) config.discardOnPowerOff = discardOnPowerOff;
    },
    'snapshot.estimate': ({ id, snapshots }) => ({
      freedBytes: snapshots.reduce((sum, one) => sum + get(id, one).ownBytes, 0),
      neededBytes: 22 * MiB,
      merged: [],
      mergesPresent: true,
    }),
    'snapshot.edit': ({ id, snapshot, name, description }) => {
      const edited = listOf(id).snapshots.map((one) =>
        one.id === snapshot ? { ...one, name, description } : one,
      );
      change(id, { snapshots: edited });
      return undefined;
    },
    'snapshot.screen': ({ id, snapshot }) =>
      screenOf(get(id, snapshot).name).toDataURL('image/png').split(',')[1] ?? null,
    'snapshot.compare': ({ id, a, b }) => {
      const { snapshots, current, presentBytes } = listOf(id);
      const left = get(id, a);
      const right = b === null ? undefined : get(id, b);
      const config = right?.config ?? find(id).config;
      const sizes = ({ ownBytes, memoryBytes, memory }: Snapshot) => ({ ownBytes, memoryBytes, memory });
      return {
        settings: config ? settingChanges(left.config, config) : [],
        a: sizes(left),
        b: right ? sizes(right) : { ownBytes: presentBytes, memoryBytes: 0, memory: false },
        commonAncestor: commonAncestor(snapshots, a, b ?? current),
      };
    },
  };
}
