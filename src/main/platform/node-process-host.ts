import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Message } from '@shared/ipc/messages';
import { messageStreams } from './message-streams';
import type { HostedProcess, ProcessEntry, ProcessExit, ProcessHost, StreamEndpoint } from './process-host';
import { parseProcessMessage, type ProcessMessage } from './process-messages';
import { processTitle } from './process-title';

/** Lines of a process's output that are kept. */
const tailLines = 200;
const maxLineLength = 2000;
/** How long the last output of an ended process is waited for, in milliseconds. */
const outputGraceMs = 1000;

/** Keeps the last lines of a process's output. */
export class Tail {
  readonly lines: string[] = [];

  readonly add = (line: string): void => {
    this.lines.push(line.slice(0, maxLineLength));
    if (this.lines.length > tailLines) this.lines.shift();
  };
}

/**
 * Helper processes as children of this Node process: browser mode, tests, the command line.
 *
 * @param folder where the bundled entries lie (`out/main`)
 */
export function nodeProcessHost(folder: string): ProcessHost {
  return {
    start: (entry, label) => startChild(join(folder, `${entry}.js`), entry, label),
  };
}

function startChild(file: string, entry: ProcessEntry, label: string): HostedProcess {
  const tail = new Tail();
  const child = fork(file, [], {
    serialization: 'advanced',
    // Only our own flag: a debugger or loader of the parent must not be started once more in every child.
    execArgv: [`--title=${processTitle(entry, label)}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface({ input: output }).on('line', tail.add);
  }

  const post = (message: ProcessMessage, handle?: Parameters<ChildProcess['send']>[1]): void => {
    // An error means that the child is gone, which `exited` tells.
    if (child.connected) child.send(message, handle, undefined, () => {});
  };
  const streams = messageStreams((message) => post(message));
  const messageListeners: ((message: unknown) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  let closed = false;
  let nextStream = 1;

  const close = (): void => {
    if (closed) return;
    closed = true;
    streams.endAll();
    dropUntaken(child);
    for (const listener of closeListeners) listener();
  };
  child.on('message', (raw: unknown) => {
    const message = parseProcessMessage(raw);
    if (message?.kind === 'rpc') for (const listener of messageListeners) listener(message.message);
    else if (message?.kind === 'data' || message?.kind === 'end') streams.receive(message);
  });
  child.on('disconnect', close);

  const exited = exitOf(child, tail);
  void exited.then(close);

  return {
    get pid() {
      return child.pid;
    },
    tail: tail.lines,
    exited,
    post: (message: Message) => post({ kind: 'rpc', message }),
    onMessage: (listener) => void messageListeners.push(listener),
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    giveStream(description, endpoint) {
      giveWebSocket(description, endpoint, child, post);
    },
    openStream(description) {
      const stream = nextStream++;
      const channel = streams.channel(stream);
      post({ kind: 'open', stream, description });
      return channel;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** The socket itself goes to the child, so that what a viewer sees never passes through main. */
function giveWebSocket(
  description: unknown,
  endpoint: StreamEndpoint,
  child: ChildProcess,
  post: (message: ProcessMessage, handle?: Parameters<ChildProcess['send']>[1]) => void,
): void {
  if (endpoint.kind !== 'web-socket') throw new TypeError('Node hands over WebSockets only');
  const { socket, head, headers } = endpoint;
  if (!child.connected) {
    socket.destroy();
    return;
  }
  stopReading(socket);
  post({ kind: 'web-socket', description, headers, head: new Uint8Array(head) }, socket);
}

/**
 * Node goes on reading a socket that it hands over until it learns that the child has it, and throws away what it
 * reads. The child may have answered by then: while this process is busy the viewer's first words would be lost, and
 * it would wait for ever. Nothing public stops the reading; `pause` does so only once a buffer is full.
 */
function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: { readStop?(): number } | null };
  handle?.readStop?.();
}

/** What Node has not finished sending: one socket that waits to be acknowledged, and those that wait for it. */
interface Untaken {
  _pendingMessage?: { handle?: { close(): void } } | null;
  _handleQueue?: { handle?: { destroy?(): void } }[] | null;
}

/**
 * Closes the sockets that a child has not taken before it ended. Node forgets them (its fields for them have no
 * public counterpart): the page at the other end would wait for ever, and its browser with every further WebSocket.
 */
function dropUntaken(child: ChildProcess): void {
  const { _pendingMessage, _handleQueue } = child as Untaken;
  _pendingMessage?.handle?.close();
  for (const { handle } of _handleQueue ?? []) handle?.destroy?.();
}

function exitOf(child: ChildProcess, tail: Tail): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      tail.add(error.message);
      // Without a pid it never started, and no 'exit' will follow.
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
    child.on('exit', (code, signal) => {
      const exit: ProcessExit = { code, signal };
      // Its output may still be on the way, but a grandchild may also hold it open for ever.
      const timer = setTimeout(() => resolve(exit), outputGraceMs);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(exit);
      });
    });
  });
}
