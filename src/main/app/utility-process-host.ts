import path from 'node:path';
import { createInterface } from 'node:readline';
import { MessageChannelMain, type MessagePortMain, type UtilityProcess, utilityProcess } from 'electron';
import { exitOf } from './exit-status';
import { Tail } from '../platform/node-process-host';
import { channelOverPort } from '../platform/port-channel';
import type {
  HostedProcess,
  ProcessEntry,
  ProcessExit,
  ProcessHost,
  StreamEndpoint,
} from '../platform/process-host';
import { parseProcessMessage, type ProcessMessage } from '../platform/process-messages';

/**
 * Helper processes as Electron's utility processes. Streams are MessagePorts that go straight to the windows.
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
  const exited = new Promise<ProcessExit>((resolve) => {
    child.on('exit', (code) => {
      ended = true;
      resolve(exitOf(code));
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
      post({ kind: 'stream', description }, [portOf(endpoint)]);
    },
    openStream(description) {
      const { port1, port2 } = new MessageChannelMain();
      post({ kind: 'stream', description }, [port1]);
      return channelOverPort(port2);
    },
    kill: () => killProcess(child),
  };
}

function portOf(endpoint: StreamEndpoint): MessagePortMain {
  if (endpoint.kind === 'message-port') return endpoint.port as MessagePortMain;
  throw new TypeError('Electron hands over MessagePorts only');
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
