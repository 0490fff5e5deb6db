import { Failure } from '@shared/errors';
import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';

type SnapshotCommand = Extract<keyof Commands, `snapshot.${string}`>;

export function snapshotHandlers(): Pick<Handlers<Commands>, SnapshotCommand> {
  const refuse = (): never => {
    throw new Failure('host.unavailable', 'This build cannot take snapshots.');
  };
  return {
    'snapshot.list': refuse,
    'snapshot.take': refuse,
    'snapshot.restore': refuse,
    'snapshot.delete': refuse,
    'snapshot.estimate': refuse,
    'snapshot.edit': refuse,
    'snapshot.screen': refuse,
    'snapshot.compare': refuse,
  };
}
