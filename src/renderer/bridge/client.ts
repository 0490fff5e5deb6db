import { commands, events } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { rpcClient } from '@shared/ipc/rpc';
import { connect, type AppClient, type Connection } from './connection';
import { electronChannel } from './electron-bridge';
import { openRpcChannel } from './websocket';

/** Whether the page runs in the Electron shell; otherwise it is browser mode. */
export const inElectron = (): boolean => window.vivarium !== undefined;

function clientOver(channel: MessageChannelLike): AppClient {
  return rpcClient(channel, commands, events, (reason) => console.warn(`Refused ${reason}`));
}

async function open(): Promise<AppClient> {
  return clientOver(window.vivarium ? electronChannel(window.vivarium) : await openRpcChannel());
}

let connection: Connection | undefined;

/** The page's one connection to main; opened at the first use. */
export function useConnection(): Connection {
  connection ??= connect(open);
  return connection;
}

/** For tests: what `useConnection` gives from now on. */
export function setConnection(replacement: Connection | undefined): void {
  connection = replacement;
}

/** Calls a command of the contract. Rejects with a `Failure`. */
export const call: AppClient['call'] = (name, params, options) => useConnection().call(name, params, options);
