import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

type DiskCommand = Extract<keyof Commands, `disks.${string}`>;

export function diskHandlers({ diskLibrary }: Services): Pick<Handlers<Commands>, DiskCommand> {
  return {
    'disks.list': () => diskLibrary.list(),
    'disks.verify': ({ contents }) => diskLibrary.verify(contents ?? false),
    'disks.check': ({ id, image }) => diskLibrary.images.check(id, image),
    'disks.compact': ({ id, image }) => diskLibrary.images.compact(id, image),
    'disks.repair': ({ id, image }) => diskLibrary.images.repair(id, image),
    'disks.resize': ({ id, image, bytes, shrink }) =>
      diskLibrary.images.resize(id, image, bytes, shrink ?? false),
    'disks.toQcow2': ({ id, image }) => diskLibrary.images.toQcow2(id, image),
    'disks.export': ({ source, target, format }) => diskLibrary.export(source, target, format),
    'disks.move': ({ path, folder }) => diskLibrary.move(path, folder),
    'disks.remove': ({ path, how }) => diskLibrary.remove(path, how),
  };
}
