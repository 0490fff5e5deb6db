import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands, Events } from '@shared/ipc/contract';
import type { RpcClient } from '@shared/ipc/rpc';
import { readonly, ref, type Ref } from 'vue';

export type AppClient = RpcClient<Commands, Events>;
export type ConnectionStatus = 'connecting' | 'connected' | 'lost';

/** A client that outlives the connections under it. */
export interface Connection extends Pick<AppClient, 'call' | 'on'> {
  readonly status: Readonly<Ref<ConnectionStatus>>;
  /** Called after each connection, the first included: the moment to load state again. */
  onConnected(listener: () => void): () => void;
}

/** Milliseconds between attempts; the last one is repeated. */
const pauses = [300, 700, 1500, 3000, 5000];

/**
 * Keeps a connection to main. `open` makes one client; it is called again, with pauses, whenever the last one
 * closed. Subscriptions are carried over. Calls made while the first connection is being opened wait for it; calls
 * made while it is lost fail with `ipc.closed`.
 */
export function connect(open: () => Promise<AppClient>): Connection {
  const status = ref<ConnectionStatus>('connecting');
  const connected = new Set<() => void>();
  const subscriptions = new Set<(client: AppClient) => void>();
  let client: AppClient | undefined;
  let failures = 0;

  async function attempt(): Promise<void> {
    try {
      client = await open();
    } catch {
      // shown as the status; the next attempt tells whether it has become better
      client = undefined;
      retry();
      return;
    }
    failures = 0;
    client.onClose(() => {
      client = undefined;
      retry();
    });
    status.value = 'connected';
    for (const subscribe of subscriptions) subscribe(client);
    for (const listener of connected) listener();
  }

  function retry(): void {
    status.value = 'lost';
    setTimeout(() => void attempt(), pauses[Math.min(failures++, pauses.length - 1)]);
  }

  const first = attempt();

  return {
    status: readonly(status),
    async call(name, params, options) {
      if (status.value === 'connecting') await first;
      if (!client) throw new Failure('ipc.closed', phrase('desktop.unreachable'));
      return client.call(name, params, options);
    },
    on(name, listener) {
      let end: (() => void) | undefined;
      const subscribe = (to: AppClient): void => {
        end = to.on(name, listener);
      };
      subscriptions.add(subscribe);
      if (client) subscribe(client);
      return () => {
        subscriptions.delete(subscribe);
        end?.();
      };
    },
    onConnected(listener) {
      connected.add(listener);
      if (status.value === 'connected') listener();
      return () => connected.delete(listener);
    },
  };
}
