import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { QmpClient } from '../../src/main/platform/qmp/qmp-client';
import { Terminal } from '../../test/helpers/terminal';
import { firstByteOf } from './machines';

/** How the argument begins that says where QEMU's VNC server listens. */
const screenAt = 'vnc=unix:';

/** A command line of QEMU, with where its sockets and its machine's files lie. */
export interface CommandLine {
  program: string;
  arguments: string[];
  sockets: string;
}

/** How a running QEMU was started. Linux only. */
export function commandLineOf(pid: number): CommandLine {
  const [program = '', ...all] = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  const control = all.find((argument) => argument.startsWith('socket,id=control,'));
  const socket = /,path=([^,]+)/.exec(control ?? '')?.[1] ?? '';
  return { program, arguments: all, sockets: path.dirname(socket) };
}

/** A QEMU with nobody between it and the terminal. */
export interface Bare {
  pid: number;
  startedAt: number;
  terminal: Terminal;
  firstByte: Promise<number>;
  control(): Promise<QmpClient>;
  /** The socket of its VNC server. */
  screen: string;
  kill(): Promise<void>;
}

/**
 * Starts QEMU with the same arguments, but running at once, its serial port at our pipes, and its files elsewhere.
 *
 * @param folder for its sockets; empty
 * @param moved what is to be read in other places: a folder, and the one that stands for it
 */
export function startBare(
  line: CommandLine,
  folder: string,
  moved: readonly (readonly [string, string])[] = [],
  more: readonly string[] = [],
): Bare {
  const all = line.arguments
    .filter((argument) => argument !== '-S')
    .map((argument) => (argument.startsWith('socket,id=serial0-line,') ? 'stdio,id=serial0-line' : argument))
    .map((argument) =>
      [[line.sockets, folder] as const, ...moved].reduce(
        (text, [from, to]) => text.replaceAll(from, to),
        argument,
      ),
    );
  const startedAt = performance.now();
  const child = spawn(line.program, [...all, ...more], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', (code) => {
    if (code) console.error(`QEMU ended with ${code}: ${said}`);
  });
  const terminal = new Terminal(streamOf(child));
  const screen = all.find((argument) => argument.startsWith(screenAt)) ?? '';
  return {
    pid: child.pid ?? 0,
    startedAt,
    terminal,
    firstByte: firstByteOf(terminal),
    control: () => QmpClient.connect({ path: path.join(folder, path.basename(controlOf(all))) }),
    screen: screen.slice(screenAt.length).split(',')[0] ?? '',
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function controlOf(all: readonly string[]): string {
  const control = all.find((argument) => argument.startsWith('socket,id=control,'));
  return /,path=([^,]+)/.exec(control ?? '')?.[1] ?? '';
}

function streamOf(child: ChildProcess): ByteStream {
  return {
    send: (data) => void child.stdin?.write(Buffer.from(data)),
    onData: (listener) => void child.stdout?.on('data', (data: Buffer) => void listener(data)),
    onClose: (listener) => void child.once('exit', () => listener()),
    close: () => child.stdin?.end(),
    unsent: 0,
    drained: () => Promise.resolve(),
  };
}
