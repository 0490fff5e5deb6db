import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

type SnapshotCommand = Extract<keyof Commands, `snapshot.${string}`>;

export function snapshotHandlers({ snapshots }: Services): Pick<Handlers<Commands>, SnapshotCommand> {
  return {
    'snapshot.list': ({ id }) => snapshots.list(id),
    'snapshot.take': (request) => snapshots.take(request),
    'snapshot.restore': ({ id, snapshot, disksOnly = false }) => snapshots.restore(id, snapshot, disksOnly),
    'snapshot.delete': ({ id, snapshots: ids }) => snapshots.delete(id, ids),
    'snapshot.estimate': ({ id, snapshots: ids }) => snapshots.estimate(id, ids),
    'snapshot.edit': ({ id, snapshot, ...texts }) => snapshots.edit(id, snapshot, texts),
    'snapshot.screen': ({ id, snapshot }) => snapshots.screen(id, snapshot),
    'snapshot.compare': ({ id, a, b }) => snapshots.compare(id, a, b),
    'snapshot.protect': ({ id, ...wanted }) => snapshots.protect(id, wanted),
  };
}
