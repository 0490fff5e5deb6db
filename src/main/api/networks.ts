import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { Services } from './services';

type NetworkCommand = Extract<keyof Commands, `network.${string}`>;

export function networkHandlers({ networks }: Services): Pick<Handlers<Commands>, NetworkCommand> {
  return {
    'network.list': () => networks.list(),
    'network.get': ({ id }) => networks.get(id),
    'network.capabilities': () => networks.capabilities(),
    'network.suggest': ({ kind }) => networks.suggest(kind),
    'network.create': ({ network }) => networks.create(network),
    'network.edit': ({ id, changes }) => networks.edit(id, changes),
    'network.remove': ({ id }) => networks.remove(id),
    'network.setCondition': ({ id, port, condition }) => networks.setCondition(id, port, condition),
    'network.flows': ({ id }) => networks.captures.flows(id),
    'network.startCapture': ({ id, capture }) => networks.captures.start(id, capture),
    'network.stopCapture': ({ id }) => networks.captures.stop(id),
    'network.captureStatus': ({ id }) => networks.captures.status(id),
    'network.packets': ({ id, ...page }) => networks.captures.packets(id, page),
    'network.packet': ({ id, number }) => networks.captures.packet(id, number),
    'network.followStream': ({ id, number }) => networks.captures.follow(id, number),
    'network.saveCapture': ({ id, filter }) => networks.captures.save(id, filter),
    'network.setForward': ({ id, forward }) => networks.setForward(id, forward),
    'network.removeForward': ({ id, forward }) => networks.removeForward(id, forward),
  };
}
