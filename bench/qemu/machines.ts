import fs from 'node:fs';
import path from 'node:path';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { MachineConfig } from '@shared/machine/config';
import type { Core } from '../../src/main/core';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { keepReady, quietMs } from '../../src/main/platform/ready-process';
import { testCore } from '../../test/helpers/core';
import { starterLinuxIso } from '../../test/helpers/machine-config';
import { prepareMachines } from '../../test/helpers/prepared-machines';
import { temporaryFolder } from '../../test/helpers/temp-folder';
import { Terminal } from '../../test/helpers/terminal';

/** Until something in a guest must have happened, in milliseconds. */
export const limitMs = 120_000;
export const ready = 'Starter Linux ready';
const prompt = '# ';

/** A program without a window, with machines on QEMU in it. */
export interface Host {
  core: Core;
  machines: MachineConfig[];
  folderOf(machine: MachineConfig): string;
  close(): Promise<void>;
}

/** Machines that boot Starter Linux from its CD, unless they say otherwise. */
export async function startHost(machines: readonly Partial<MachineConfig>[]): Promise<Host> {
  const data = await temporaryFolder('bench-qemu');
  const configs = await prepareMachines(
    data.path,
    machines.map((changes) => ({ ...starter, ...changes })),
  );
  const built = path.resolve('out/main');
  const core = await testCore(built, data.path, {
    processHost: keepReady(nodeProcessHost(built), 'machine-process'),
  });
  return {
    core,
    machines: configs,
    folderOf: ({ id }) => core.machines.get(id).folder,
    async close() {
      await core.shutdown('power-off');
      await data.remove();
    },
  };
}

const starter: Partial<MachineConfig> = {
  name: 'Bench',
  engine: 'qemu',
  architecture: 'x86_64',
  guest: 'starter-linux',
  memoryMiB: 256,
  boot: ['cdrom'],
  drives: [{ id: 'cd0', kind: 'cdrom', path: path.resolve(starterLinuxIso) }],
};

/** The process of a machine that is just starting. */
async function processOf({ core }: Host, id: string) {
  const machine = core.machines.library.get(id);
  while (!machine.runner) await new Promise((resolve) => setImmediate(resolve));
  return machine.runner;
}

/** A machine under way, and its serial port. */
export interface Started {
  terminal: Terminal;
  /** Resolves at the first thing that came over the serial port, with when that was. */
  firstByte: Promise<number>;
  /** Resolves when our command to start it has been answered. */
  answered: Promise<unknown>;
}

/** A person starts a machine when the program has been at rest for a while. */
export function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, quietMs + 1000));
}

export async function startMachine(host: Host, id: string): Promise<Started> {
  const answered = Promise.resolve(host.core.handlers['machine.start']({ id }, undefined));
  const runner = await processOf(host, id);
  const terminal = new Terminal(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })));
  return { terminal, answered, firstByte: firstByteOf(terminal) };
}

/** When the first thing has come over a serial port, for who waits for it. */
export function firstByteOf(terminal: Terminal): Promise<number> {
  const came = terminal.waitFor(/./, limitMs).then(() => performance.now());
  came.catch(() => undefined); // a guest that goes on from a saved state says nothing by itself
  return came;
}

/** The shell's prompt, with no echo of what is typed. */
export async function quiet(terminal: Terminal): Promise<void> {
  await terminal.waitFor(ready, limitMs);
  await terminal.ask('\n', prompt, limitMs);
  await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/, limitMs);
}

/** Runs a command in a quiet shell. */
export async function run(terminal: Terminal, command: string): Promise<void> {
  await terminal.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, limitMs);
}

/** The QEMU below a machine's process. Linux only. */
export function qemuPid({ core }: Host, id: string): number {
  return childNamed(core.machines.get(id).runtime?.pid ?? 0, 'qemu-system');
}

/** A process somewhere below another one whose name begins like this. */
export function childNamed(root: number, begin: string): number {
  const all = fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const processes = new Map(all.map((pid) => [Number(pid), readStatus(pid)]));
  const below = (pid: number): boolean => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  for (const [pid, found] of processes) if (found?.name.startsWith(begin) && below(pid)) return pid;
  throw new Error(`There is no ${begin} below process ${root}`);
}

function readStatus(pid: string): { name: string; parent: number } | undefined {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      name: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '',
      parent: Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]),
    };
  } catch {
    return undefined; // it has ended
  }
}
