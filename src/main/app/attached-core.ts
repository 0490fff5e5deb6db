import { join } from 'node:path';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { StreamChannel } from '@shared/ipc/byte-stream';
import { commands, type Commands, events } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { type Handlers, rpcClient, type RpcClient } from '@shared/ipc/rpc';
import { hasProcess } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { type UpdateHandlers, updateHandlers } from '../api/updates';
import type { ShellCore } from '../core';
import { type CoreEvent, eventHub } from '../platform/events';
import { type Reached, reach } from '../platform/instance';
import { lendShell } from '../platform/lent-shell';
import { channelOverSocket } from '../platform/line-channel';
import { logTo } from '../platform/log';
import { channelOverPort, type ElectronPort } from '../platform/port-channel';
import type { StreamEndpoint } from '../platform/process-host';
import { rotatingFile } from '../platform/rotating-file';
import type { Shell } from '../platform/shell';
import { channelOverWebSocket, maxStreamMessage } from '../platform/web-socket-channel';
import { serveUpdates } from './updates/serve-updates';

type Client = RpcClient<Commands, typeof events>;

/** What this app asks and tells itself, whoever has the machines. */
const isOwnEvent = (name: string): boolean => name === 'app.quitAsked' || name === 'updates.changed';

/** A program in the background whose machines this app shows. */
export interface AttachedCore extends ShellCore {
  /** Called once when the other program has gone without a word. */
  onLost(listener: () => void): void;
}

/**
 * Shows the machines of a program that runs in the background and has the data folder: a command line or `vivarium
 * serve` started it, and it keeps its machines. Every window speaks the contract with it by the private socket, what
 * a machine shows comes by its WebSockets on the loopback interface, and it is lent the app's dialogs and windows.
 *
 * @returns undefined when nobody is there who could be attached to, or another app is attached
 * @throws Failure `library.locked` when what is there is of another version
 */
export async function attachCore(
  dataFolder: string,
  shell: Shell,
  version: string,
): Promise<AttachedCore | undefined> {
  const reached = await reach(dataFolder, 'attach');
  if (!reached) return undefined;
  if (reached.shell !== 'browser' || reached.address === null) {
    reached.socket.destroy();
    return undefined;
  }
  requireSameVersion(reached, version);
  const lent = await reach(dataFolder, 'lend');
  if (!lent) {
    // Another app shows its machines already, and is asked to show itself.
    reached.socket.destroy();
    return undefined;
  }
  const log = logTo(rotatingFile(join(dataFolder, 'logs', 'window.log')));
  log.info(`shows the machines of the program at ${new URL(reached.address).host}`);
  let ending = false;
  /** The other program's next app need not wait until this one is gone; what it was asked last is answered first. */
  const leave = (): void => {
    ending = true;
    setImmediate(() => lent.socket.end());
  };
  const quit = (): void => {
    leave();
    shell.quit?.();
  };
  const restart = (): void => {
    leave();
    shell.restart?.();
  };
  lendShell(channelOverSocket(lent.socket), { ...shell, quit, restart }, (reason) =>
    log.once(reason, reason),
  );
  const client = rpcClient(channelOverSocket(reached.socket), commands, events, (reason) =>
    log.once(reason.slice(0, 40), reason),
  );
  const streams = await streamsOf(reached.address);
  const hub = eventHub();
  for (const name of Object.keys(events) as (keyof typeof events)[]) {
    if (!isOwnEvent(name)) client.on(name, (value) => hub.emit({ name, value } as CoreEvent));
  }
  shell.updates?.onChange((value) => hub.emit({ name: 'updates.changed', value }));
  const updates = updateHandlers({ shell, log });
  const machines = await followMachines(client);
  const lost: (() => void)[] = [];
  client.onClose(() => {
    if (!ending) for (const listener of lost) listener();
  });
  const running = (): MachineSummary[] => [...machines.values()].filter(({ state }) => hasProcess(state));
  return {
    handlers: { ...handlersOf(client), ...updates },
    log,
    onEvent: (listener) => hub.listen(listener),
    running,
    serve(channel) {
      serveFrom(dataFolder, channel, { leave: quit, updates }).catch((error: unknown) =>
        log.warn('a window is not served', error),
      );
      // What this app itself asks and tells, every window of it hears.
      channel.onClose(
        hub.listen((event) => {
          if (isOwnEvent(event.name)) channel.post({ kind: 'event', ...event });
        }),
      );
    },
    openStream: streams,
    requestQuit() {
      if (running().length === 0) return true;
      // A newer version does not work the machines of an older one.
      const canLeave = shell.updates?.installing !== true;
      hub.emit({ name: 'app.quitAsked', value: { running: running(), canLeave } });
      return false;
    },
    // What the other program runs is not this one's to end: that it is told by `app.quit`, when a person says so.
    shutdown() {
      leave();
      reached.socket.end();
      return log.flush();
    },
    onLost: (listener) => void lost.push(listener),
  };
}

function requireSameVersion({ version, socket }: Reached, ours: string): void {
  if (version === ours) return;
  socket.destroy();
  throw new Failure('library.locked', phrase('file.backgroundVersion', { theirs: version, ours }), {
    hint: phrase('file.backgroundVersionHint'),
  });
}

/** The contract's handlers, each of which asks the other program. */
function handlersOf(client: Client): Handlers<Commands> {
  const names = Object.keys(commands) as (keyof Commands & string)[];
  return Object.fromEntries(
    names.map((name) => [name, (params: never) => client.call(name, params)]),
  ) as unknown as Handlers<Commands>;
}

async function followMachines(client: Client): Promise<Map<string, MachineSummary>> {
  const machines = new Map<string, MachineSummary>();
  client.on('machine.changed', (machine) => machines.set(machine.id, machine));
  client.on('machine.removed', ({ id }) => machines.delete(id));
  for (const machine of await client.call('machine.list', {})) machines.set(machine.id, machine);
  return machines;
}

/** That the app ends and leaves the machines running is its own business. */
const leaving = z.object({
  kind: z.literal('call'),
  id: z.number(),
  name: z.literal('app.quit'),
  params: z.object({ running: z.literal('leave') }),
});

/** What the app does itself for its windows. */
interface OwnAnswers {
  leave(): void;
  updates: UpdateHandlers;
}

/** A window's own connection: messages pass as they are, and are checked at both ends. */
async function serveFrom(dataFolder: string, window: MessageChannelLike, own: OwnAnswers): Promise<void> {
  const early: unknown[] = [];
  let pass = (message: unknown): void => void early.push(message);
  window.onMessage((message) => pass(message));
  let closed = false;
  window.onClose(() => (closed = true));
  const reached = await reach(dataFolder, 'attach');
  if (!reached) throw new Failure('ipc.closed', phrase('desktop.backgroundSilent'));
  if (closed) {
    reached.socket.destroy();
    return;
  }
  const core = channelOverSocket(reached.socket);
  // The version of this app is not the other program's business.
  const isAnswered = serveUpdates(window, own.updates);
  pass = (message) => {
    if (isAnswered(message)) return;
    const left = leaving.safeParse(message);
    if (!left.success) return core.post(message as never);
    window.post({ kind: 'result', id: left.data.id });
    own.leave();
  };
  for (const message of early.splice(0)) pass(message);
  core.onMessage((message) => window.post(message as never));
  window.onClose(() => reached.socket.destroy());
}

type OpenStream = (name: string, params: unknown, endpoint: StreamEndpoint) => void;

/** Streams come as WebSockets, as they do to a page in a browser. */
async function streamsOf(address: string): Promise<OpenStream> {
  const { origin, host } = new URL(address);
  const entry = await fetch(address, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  return (name, params, endpoint) => {
    if (endpoint.kind !== 'message-port') throw new TypeError('A window is given MessagePorts only');
    const port = channelOverPort(endpoint.port as ElectronPort);
    const query = new URLSearchParams({ name, params: JSON.stringify(params) });
    const webSocket = new WebSocket(`ws://${host}/stream?${query.toString()}`, {
      headers: { cookie, origin },
      perMessageDeflate: false,
      maxPayload: maxStreamMessage,
    });
    webSocket.on('error', () => port.close());
    webSocket.on('close', () => port.close());
    port.onClose(() => webSocket.close());
    webSocket.once('open', () => relay(port, channelOverWebSocket(webSocket)));
  };
}

/** Passes on what either says; both end together. Flow control is the streams' own, from end to end. */
function relay(one: StreamChannel, other: StreamChannel): void {
  one.onMessage((message) => other.send(message));
  other.onMessage((message) => one.send(message));
}
