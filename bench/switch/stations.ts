import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { defaultNetwork } from '@shared/network/config';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess } from '../../src/main/platform/process-host';

/** Of one measurement. */
export const seconds = '1.5';
/** Of each, the median counts. */
export const rounds = 5;

type Plug = (port: string, path: string) => Promise<void>;
type Unplug = (port: string) => Promise<void>;

/** A switch process of its own, for as long as `use` takes. */
export async function withSwitch<T>(
  built: string,
  folder: string,
  use: (plug: Plug, unplug: Unplug, rpc: ReturnType<typeof client>) => Promise<T>,
): Promise<T> {
  const process = nodeProcessHost(built).start('switch-process', 'bench');
  const rpc = client(process);
  const card = { machine: 'aaaaaaaaaaaaaaaa', name: 'bench', mac: '52:54:00:00:00:01' };
  try {
    await rpc.call('configure', {
      network: { ...defaultNetwork(), kind: 'isolated' },
      leasesPath: join(folder, 'leases.json'),
    });
    return await use(
      (port, path) => rpc.call('plug', { port, path, ...card }),
      (port) => rpc.call('unplug', { port }),
      rpc,
    );
  } finally {
    process.kill();
    await process.exited;
  }
}

function client(process: HostedProcess) {
  return rpcClient(process, switchProcessCommands, switchProcessEvents, (reason) => console.error(reason));
}

/** Starts `peers/frames.c`, or another program that prints one line. @returns what it prints, as a number and as it is */
export function start(program: string, args: string[]): { output: Promise<number>; text: Promise<string> } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  // Closed, not only ended: all that it has printed is here.
  const whole = new Promise<string>((done) => child.on('close', () => done(text)));
  return { output: whole.then(Number), text: whole };
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.on('exit', () => done());
  });
}
