import { commands, type Commands, type Events } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { type Handlers, serveRpc } from '@shared/ipc/rpc';
import type { EventHub } from '../platform/events';
import type { Log } from '../platform/log';

/** What one client is served with. */
export interface ServedContext {
  handlers: Handlers<Commands>;
  events: Pick<EventHub, 'listen'>;
  log: Log;
}

/**
 * Serves the contract to one client until its channel closes. Messages that do not fit are refused, logged once
 * per kind, and harm nothing.
 *
 * @param client what to call the client in the log
 */
export function serveClient(channel: MessageChannelLike, context: ServedContext, client: string): void {
  const { handlers, events, log } = context;
  const refused = (reason: string): void => {
    // What follows the first colon or quotation mark is what the client sent.
    const kind = reason.split(/[:"]/)[0] ?? reason;
    log.once(`${client} ${kind}`, `${client} sent ${reason.slice(0, 300)}`);
  };
  const server = serveRpc<Commands, Events, void>(channel, commands, handlers, undefined, refused);
  const stop = events.listen((event) => server.emit(event.name, event.value));
  channel.onClose(stop);
}
