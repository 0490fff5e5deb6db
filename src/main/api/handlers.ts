import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import { appHandlers } from './app';
import { cloneHandlers } from './clones';
import { diskHandlers } from './disks';
import { deviceHandlers } from './devices';
import { hostHandlers } from './host';
import { machineHandlers } from './machines';
import { networkHandlers } from './networks';
import type { Services } from './services';
import { snapshotHandlers } from './snapshots';
import { updateHandlers } from './updates';

/** The contract's handlers: each calls a service and has no logic of its own. */
export function allHandlers(services: Services): Handlers<Commands> {
  return {
    ...appHandlers(services),
    ...deviceHandlers(services),
    ...hostHandlers(services),
    ...machineHandlers(services),
    ...networkHandlers(services),
    ...snapshotHandlers(services),
    ...cloneHandlers(services),
    ...diskHandlers(services),
    ...updateHandlers(services),
  };
}
