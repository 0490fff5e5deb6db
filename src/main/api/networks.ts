import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

type NetworkCommand = Extract<keyof Commands, `network.${string}`>;

export function networkHandlers({ networks }: Services): Pick<Handlers<Commands>, NetworkCommand> {
  return {
    'network.list': () => networks.list(),
    'network.get': ({ id }) => networks.get(id),
    'network.setForward': ({ id, forward }) => networks.setForward(id, forward),
    'network.removeForward': ({ id, forward }) => networks.removeForward(id, forward),
  };
}
