import { Socket } from 'node:net';
import type { StreamChannel } from '@shared/ipc/byte-stream';
import type { Message } from '@shared/ipc/messages';
import { messageStreams } from './message-streams';
import { channelOverPort, type ElectronPort } from './port-channel';
import type { ParentLink } from './process-host';
import { parseProcessMessage, type ProcessMessage } from './process-messages';
import { acceptWebSocket, streamServer } from './web-socket-channel';

/** What this project uses of `process.parentPort` in an Electron utility process. */
interface ElectronParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: ElectronPort[] }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
}

/**
 * The helper process's end of its link to main, whichever host started it: Electron's utility process or Node's
 * `child_process.fork`. To be called once, at the start. When main goes away the link closes; the process should
 * then put its affairs in order and end.
 *
 * @throws Error when the process was started by neither
 */
export function connectToParent(): ParentLink {
  const parentPort = (process as NodeJS.Process & { parentPort?: ElectronParentPort | null }).parentPort;
  if (parentPort) return electronLink(parentPort);
  if (process.send) return nodeLink(process);
  throw new Error('This is a part of Vivarium and is started by it; it does nothing by itself.');
}

/** Keeps what arrives until there is somebody to take it. */
class Inbox<T extends unknown[]> {
  private readonly early: T[] = [];
  private listener: ((...args: T) => void) | undefined;

  readonly put = (...args: T): void => {
    if (this.listener) this.listener(...args);
    else this.early.push(args);
  };

  readonly take = (listener: (...args: T) => void): void => {
    this.listener = listener;
    for (const args of this.early.splice(0)) listener(...args);
  };
}

class Ending {
  private over = false;
  private readonly listeners: (() => void)[] = [];

  readonly happened = (): void => {
    if (this.over) return;
    this.over = true;
    for (const listener of this.listeners) listener();
  };

  readonly listen = (listener: () => void): void => {
    if (this.over) listener();
    else this.listeners.push(listener);
  };
}

function electronLink(parentPort: ElectronParentPort): ParentLink {
  const messages = new Inbox<[unknown]>();
  const streams = new Inbox<[unknown, StreamChannel]>();
  const ending = new Ending();
  parentPort.on('message', ({ data, ports }) => {
    const message = parseProcessMessage(data);
    if (message?.kind === 'rpc') messages.put(message.message);
    else if (message?.kind === 'stream' && ports[0])
      streams.put(message.description, channelOverPort(ports[0]));
  });
  parentPort.on('close', ending.happened);
  return {
    post: (message: Message) => parentPort.postMessage({ kind: 'rpc', message } satisfies ProcessMessage),
    onMessage: messages.take,
    onStream: streams.take,
    onClose: ending.listen,
  };
}

function nodeLink(child: NodeJS.Process): ParentLink {
  const messages = new Inbox<[unknown]>();
  const streams = new Inbox<[unknown, StreamChannel]>();
  const ending = new Ending();
  const post = (message: ProcessMessage): void => {
    // An error here means that main is gone, which 'disconnect' tells.
    if (child.connected) child.send?.(message, undefined, undefined, () => {});
  };
  const ownStreams = messageStreams(post);
  const webSockets = streamServer();

  child.on('message', (raw: unknown, handle: unknown) => {
    const message = parseProcessMessage(raw);
    switch (message?.kind) {
      case 'rpc':
        messages.put(message.message);
        break;
      case 'web-socket':
        // Without a handle the viewer hung up on the way here.
        if (handle instanceof Socket) {
          const channel = acceptWebSocket(webSockets, handle, message.headers, message.head);
          if (channel) streams.put(message.description, channel);
        }
        break;
      case 'open':
        streams.put(message.description, ownStreams.channel(message.stream));
        break;
      case 'data':
      case 'end':
        ownStreams.receive(message);
        break;
    }
  });
  child.on('disconnect', () => {
    ownStreams.endAll();
    ending.happened();
  });
  return {
    post: (message: Message) => post({ kind: 'rpc', message }),
    onMessage: messages.take,
    onStream: streams.take,
    onClose: ending.listen,
  };
}
