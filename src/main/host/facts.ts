import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostReport } from '@shared/host/report';
import { findProgram, runProgram } from '../platform/program';
import { missingFirmware } from './engines';

export type Fact = HostReport['facts'][number];

/** How long a program may take to tell its version, in milliseconds. */
const versionMs = 5000;
const gibibyte = 1024 ** 3;
/** Below this much free space it is worth a warning: a guest that fills its disk would stop. */
const littleSpace = 2 * gibibyte;

/** Programs of QEMU, by what they run. */
const qemuPrograms = ['qemu-system-x86_64', 'qemu-system-i386', 'qemu-system-aarch64'];

/** What a fact-finder looks at. */
export interface FactSources {
  resourcesFolder: string;
  dataFolder: string;
  freeSpace: number | null;
  env: Record<string, string | undefined>;
  platform: NodeJS.Platform;
}

/** Things that are there or missing on this computer, with what to do about them. */
export function collectFacts(sources: FactSources): Promise<Fact[]> {
  return Promise.all([
    firmware(sources),
    starterLinux(sources),
    qemu(sources),
    qemuImg(sources),
    display(sources),
    dataFolder(sources),
    diskSpace(sources),
  ]);
}

async function firmware({ resourcesFolder }: FactSources): Promise<Fact> {
  const missing = await missingFirmware(join(resourcesFolder, 'bios'));
  return {
    id: 'firmware',
    title: 'Firmware of the embedded engine',
    status: missing ? 'missing' : 'ok',
    detail: missing?.message ?? 'SeaBIOS and its VGA BIOS are there.',
    hint: missing?.hint,
  };
}

async function starterLinux({ resourcesFolder }: FactSources): Promise<Fact> {
  const found = await isThere(join(resourcesFolder, 'guests', 'starter-linux.iso'));
  return {
    id: 'starter-linux',
    title: 'Starter Linux',
    status: found ? 'ok' : 'missing',
    detail: found ? 'Its image is there.' : 'Its image has not been built.',
    hint: found ? undefined : 'Run “npm run resources” on a computer with Debian’s apt.',
  };
}

async function qemu({ env }: FactSources): Promise<Fact> {
  const fact = { id: 'qemu', title: 'QEMU' };
  for (const name of qemuPrograms) {
    const path = await findProgram(name, env);
    if (!path) continue;
    return {
      ...fact,
      status: 'ok',
      detail: `${await versionOf(path)} (${path})`,
    };
  }
  return {
    ...fact,
    status: 'missing',
    detail: 'Not found. It is not needed: the embedded engine runs without it.',
  };
}

async function qemuImg({ env }: FactSources): Promise<Fact> {
  const path = await findProgram('qemu-img', env);
  return {
    id: 'qemu-img',
    title: 'qemu-img',
    status: path ? 'ok' : 'missing',
    detail: path ? `${await versionOf(path)} (${path})` : 'Not found. It is not needed to run machines.',
    hint: path
      ? undefined
      : 'It checks and converts disk images; on Debian and Ubuntu: apt install qemu-utils',
  };
}

function display({ env, platform }: FactSources): Fact {
  const there = platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']);
  return {
    id: 'display',
    title: 'Display',
    status: there ? 'ok' : 'warning',
    detail: there ? 'There is one for windows.' : 'There is none: only browser mode can be used.',
  };
}

async function dataFolder(sources: FactSources): Promise<Fact> {
  const writable = await access(sources.dataFolder, constants.W_OK).then(
    () => true,
    () => false,
  );
  return {
    id: 'data-folder',
    title: 'Data folder',
    status: writable ? 'ok' : 'missing',
    detail: writable ? sources.dataFolder : `${sources.dataFolder} cannot be written to.`,
    hint: writable ? undefined : 'Make it writable, or set VIVARIUM_DATA to another folder.',
  };
}

function diskSpace({ freeSpace }: FactSources): Fact {
  const fact = { id: 'disk-space', title: 'Free disk space' };
  if (freeSpace === null) return { ...fact, status: 'warning', detail: 'The system does not tell.' };
  const little = freeSpace < littleSpace;
  return {
    ...fact,
    status: little ? 'warning' : 'ok',
    detail: `${(freeSpace / gibibyte).toFixed(1)} GiB`,
    hint: little ? 'A machine is paused when it cannot write to its disk. Make some room.' : undefined,
  };
}

async function versionOf(path: string): Promise<string> {
  try {
    const text = await runProgram(path, ['--version'], versionMs);
    return /version (\S+)/.exec(text)?.[1]?.replace(/[(,;]+$/, '') ?? 'of an unknown version';
  } catch {
    return 'that does not tell its version';
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
