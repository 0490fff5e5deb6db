import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

type CloneCommand = Extract<keyof Commands, `clone.${string}`>;

export function cloneHandlers({ clones }: Services): Pick<Handlers<Commands>, CloneCommand> {
  return {
    'clone.create': (request) => clones.clone(request),
    'clone.estimate': ({ id, snapshot }) => clones.estimate(id, snapshot),
    'clone.sharing': ({ id }) => clones.sharing(id),
    'clone.setTemplate': ({ id, template }) => clones.setTemplate(id, template),
  };
}
