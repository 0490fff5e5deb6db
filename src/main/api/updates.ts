import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import { noUpdateKnown } from '@shared/updates/status';
import type { ShellUpdates } from '../platform/shell';
import type { Services } from './services';

type UpdateCommand = Extract<keyof Commands, `updates.${string}`>;
export type UpdateHandlers = Pick<Handlers<Commands>, UpdateCommand>;

export function updateHandlers({ shell, log }: Pick<Services, 'shell' | 'log'>): UpdateHandlers {
  const updates = (): ShellUpdates => {
    if (shell.updates) return shell.updates;
    throw new Failure('host.unavailable', phrase('desktop.notSelfUpdating'));
  };
  return {
    'updates.get': () => shell.updates?.status ?? noUpdateKnown('nobody'),
    'updates.check': () => updates().check(),
    'updates.download': () => {
      // What comes of it is told as it happens.
      void updates()
        .download()
        .catch((error: unknown) => log.warn('a new version was not downloaded', error));
    },
    'updates.cancel': () => updates().cancel(),
    'updates.install': () => updates().installAndRestart(),
  };
}
