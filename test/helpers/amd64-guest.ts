import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { MachineSpec } from '@shared/machine/config';
import { findStream } from '../../src/main/api/streams';
import type { Core } from '../../src/main/core';
import { type Amd64Iso, buildAmd64Iso } from '../guests/amd64.mjs';
import { fakeSpec } from './core';
import { findProgram, sayWhySkipped } from './programs';
import { Terminal } from './terminal';

/** The 64-bit Linux of `test/guests` on QEMU, driven over its first serial port. */

const bootMs = 180_000;

/** Its CD; undefined, and said so in the name of `suite`, where QEMU or Debian's packages cannot be had. */
export async function amd64Guest(suite: string): Promise<Amd64Iso | undefined> {
  if (!findProgram('qemu-system-x86_64')) {
    sayWhySkipped(suite, 'qemu-system-x86_64 is missing');
    return undefined;
  }
  try {
    return await buildAmd64Iso();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PackagesUnavailable') throw error;
    sayWhySkipped(suite, error.message);
    return undefined;
  }
}

/** A machine that starts from its CD and has no disk; `changes` on top. */
export function amd64Spec(
  name: string,
  iso: Amd64Iso | undefined,
  changes: Partial<MachineSpec> = {},
): MachineSpec {
  return fakeSpec(name, {
    engine: 'qemu',
    architecture: 'x86_64',
    guest: 'debian',
    memoryMiB: 512,
    boot: ['cdrom'],
    cdrom: iso?.path ?? null,
    disk: { kind: 'none' },
    ...changes,
  });
}

export function amd64Terminal(core: Core, id: string): Terminal {
  const { runner, description } = findStream(core.machines, 'console.serial', { id, port: 0 });
  return new Terminal(byteStreamOver(runner.openStream(description)));
}

/** Waits until its shell takes commands for `amd64Shell`. @returns the line in which it says what it is */
export async function amd64Ready(terminal: Terminal): Promise<string> {
  const ready = await terminal.waitFor(/ready \w+ \w+\s/, bootMs);
  await terminal.waitFor(/# /, bootMs);
  await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/);
  return ready;
}

/** Runs a command in its shell; resolves to what it prints. */
export async function amd64Shell(terminal: Terminal, command: string, limitMs = 120_000): Promise<string> {
  return (await terminal.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, limitMs)).replace(/\r/g, '');
}
