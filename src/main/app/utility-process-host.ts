import path from 'node:path';
import { createInterface } from 'node:readline';
import { MessageChannelMain, type MessagePortMain, type UtilityProcess, utilityProcess } from 'electron';
import { exitOf } from './exit-status';
import { Tail } from '../platform/node-process-host';
import { channelOverPort } from '../platform/port-channel';
import { processGone } from '../platform/process-gone';
import type {
  HostedProcess,
  ProcessEntry,
  ProcessExit,
  ProcessHost,
  StreamEndpoint,
} from '../platform/process-host';
import { parseProcessMessage, type ProcessMessage } from '../platform/process-messages';
import { acceptWebSocket, streamServer } from '../platform/web-socket-channel';

/**
 * Helper processes as Electron's utility processes. Streams are MessagePorts that go straight to the windows; those of
 * browser mode go through main.
 *
 * @param folder where the bundled entries lie (`out/main`)
 */
export function utilityProcessHost(folder: string): ProcessHost {
  return { start: (entry, label) => start(path.join(folder, `${entry}.js`), entry, label) };
}

function start(file: string, entry: ProcessEntry, label: string): HostedProcess {
  const child = utilityProcess.fork(file, [], {
    serviceName: `Vivarium ${entry}: ${label}`,
    stdio: 'pipe',
  });
  const tail = new Tail();
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface({ input: output }).on('line', tail.add);
  }
  let ended = false;
  // Electron forgets it at the end.
  let pid: number | undefined;
  child.on('spawn', () => (pid = child.pid));
  const exited = new Promise<ProcessExit>((resolve) => {
    child.on('exit', (code) => {
      ended = true;
      // It is told when the process has closed its messages; its files, and with them a machine's lock, are next.
      void processGone(pid).then(() => resolve(exitOf(code)));
    });
  });
  const post = (message: ProcessMessage, ports: MessagePortMain[] = []): void => {
    if (!ended) child.postMessage(message, ports);
  };

  return {
    get pid() {
      return child.pid;
    },
    tail: tail.lines,
    exited,
    post: (message) => post({ kind: 'rpc', message }),
    onMessage(listener) {
      child.on('message', (raw: unknown) => {
        const message = parseProcessMessage(raw);
        if (message?.kind === 'rpc') listener(message.message);
      });
    },
    onClose: (listener) => void exited.then(listener),
    giveStream(description, endpoint) {
      const port = portOf(endpoint);
      if (port) post({ kind: 'stream', description }, [port]);
    },
    openStream(description) {
      const { port1, port2 } = new MessageChannelMain();
      post({ kind: 'stream', description }, [port1]);
      return channelOverPort(port2);
    },
    kill: () => killProcess(child),
  };
}

const webSockets = streamServer();

/** The port that goes to the process; undefined when the viewer has hung up on the way. */
function portOf(endpoint: StreamEndpoint): MessagePortMain | undefined {
  if (endpoint.kind === 'message-port') return endpoint.port as MessagePortMain;
  // No socket can be handed to a utility process: in browser mode of a package, main passes the messages on.
  const viewer = acceptWebSocket(webSockets, endpoint.socket, endpoint.headers, endpoint.head);
  if (!viewer) return undefined;
  const { port1, port2 } = new MessageChannelMain();
  const ours = channelOverPort(port2);
  viewer.onClose(ours.close);
  ours.onClose(viewer.close);
  viewer.onMessage(ours.send);
  ours.onMessage(viewer.send);
  return port1;
}

/** `UtilityProcess.kill` asks politely; a process that hangs does not hear it. */
function killProcess(child: UtilityProcess): void {
  const { pid } = child;
  if (pid === undefined) child.kill();
  else {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      child.kill(); // it has ended already, or is not ours to signal
    }
  }
}
