import { Failure } from '@shared/errors';
import { commands, events, type Commands, type Events } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { rpcClient, serveRpc, type Handlers, type RpcServer } from '@shared/ipc/rpc';
import { setConnection } from '../bridge/client';
import { connect, type AppClient } from '../bridge/connection';

export type TestHandlers = Partial<Handlers<Commands>>;

/** What the app on a desktop says of itself. */
export const desktopInfo = {
  version: '1',
  shell: 'electron',
  platform: 'linux',
  dataFolder: '/data',
  nativeDialogs: true,
  canTrash: true,
  canShowInFolder: false,
  development: false,
} as const;

/** Two ends of a channel in memory; messages are copied as any transport would. */
function channelPair(): [MessageChannelLike, MessageChannelLike] {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const end = (mine: number): MessageChannelLike => ({
    post: (message) => {
      const copy: unknown = JSON.parse(JSON.stringify(message));
      queueMicrotask(() => listeners[1 - mine]?.forEach((listener) => listener(copy)));
    },
    onMessage: (listener) => listeners[mine]?.push(listener),
    onClose: () => undefined,
  });
  return [end(0), end(1)];
}

/** Handlers that refuse what a test did not foresee. */
function complete(handlers: TestHandlers): Handlers<Commands> {
  const refuse = (name: string) => () => {
    throw new Failure('ipc.unknown-command', `The test does not answer “${name}”.`);
  };
  const all = Object.keys(commands).map((name) => [name, handlers[name as keyof Commands] ?? refuse(name)]);
  return Object.fromEntries(all) as Handlers<Commands>;
}

/** Serves the contract inside the test, with the real schemas; `useConnection()` gives the connection to it. */
export function testBackend(handlers: TestHandlers): RpcServer<Events> {
  const [page, main] = channelPair();
  const refused = (reason: string): void => {
    throw new Error(`Refused ${reason}`);
  };
  const server = serveRpc(main, commands, complete(handlers), undefined, refused);
  const client: AppClient = rpcClient(page, commands, events, refused);
  setConnection(connect(() => Promise.resolve(client)));
  return server;
}

/** Lets everything that is under way in memory arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
