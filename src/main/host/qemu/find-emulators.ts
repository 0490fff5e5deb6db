import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Architecture } from '@shared/machine/config';

/** QEMU's name for the emulator of each architecture. */
const emulatorNames: Record<Architecture, string> = {
  i386: 'qemu-system-i386',
  x86_64: 'qemu-system-x86_64',
  aarch64: 'qemu-system-aarch64',
  riscv64: 'qemu-system-riscv64',
  ppc64: 'qemu-system-ppc64',
  s390x: 'qemu-system-s390x',
};

/** Where packages put programs that the PATH of a desktop session does not always name. */
const usualFolders: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['/usr/bin', '/usr/local/bin', '/usr/libexec', '/snap/bin', '/home/linuxbrew/.linuxbrew/bin'],
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/opt/local/bin'],
  win32: ['C:\\Program Files\\qemu', 'C:\\msys64\\ucrt64\\bin', 'C:\\msys64\\mingw64\\bin'],
};

/** Where an emulator was found, best first; see `findEmulators`. */
export type EmulatorPlace = 'environment' | 'chosen' | 'path' | 'usual' | 'bundled';

export interface SearchPlaces {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  /** A folder that a person chose in the preferences. */
  chosen: string | null;
  /** `resources/qemu`. */
  bundled: string;
}

export interface FoundEmulator {
  architecture: Architecture;
  path: string;
  place: EmulatorPlace;
  /** A folder that was chosen or came with us, whose firmware files then lie beside the emulator. */
  ownFolder: string | null;
}

interface Place {
  folder: string;
  place: EmulatorPlace;
}

/**
 * The emulators on this computer, each file once, by architecture and then in this order: the folder that VIVARIUM_QEMU
 * names, the one chosen in the preferences, PATH, the usual places, `resources/qemu`. What was chosen comes before
 * everything else; what came with us comes last, because an installed QEMU gets security fixes. The first of an
 * architecture that works is the one to use.
 */
export function findEmulators({ platform, env, chosen, bundled }: SearchPlaces): Promise<FoundEmulator[]> {
  const named = env['VIVARIUM_QEMU'];
  const onPath = (env['PATH'] ?? '').split(platform === 'win32' ? ';' : delimiter).filter(isAbsolute);
  return lookIn(platform, [
    ...(named ? withBin(named, 'environment') : []),
    ...(chosen === null ? [] : withBin(chosen, 'chosen')),
    ...onPath.map((folder) => ({ folder, place: 'path' as const })),
    ...(usualFolders[platform] ?? []).map((folder) => ({ folder, place: 'usual' as const })),
    ...withBin(bundled, 'bundled'),
  ]);
}

/** What one folder, or a `bin` in it, has. */
export function emulatorsIn(folder: string, platform: NodeJS.Platform): Promise<FoundEmulator[]> {
  return lookIn(platform, withBin(folder, 'chosen'));
}

function withBin(folder: string, place: EmulatorPlace): Place[] {
  return [
    { folder, place },
    { folder: join(folder, 'bin'), place },
  ];
}

async function lookIn(platform: NodeJS.Platform, places: readonly Place[]): Promise<FoundEmulator[]> {
  const suffix = platform === 'win32' ? '.exe' : '';
  const found: FoundEmulator[] = [];
  for (const [architecture, name] of Object.entries(emulatorNames) as [Architecture, string][]) {
    const known = new Set<string>();
    for (const { folder, place } of places) {
      const path = join(folder, name + suffix);
      if (!(await isProgram(path))) continue;
      const real = await realpath(path);
      if (known.has(real)) continue;
      known.add(real);
      const ownFolder = place === 'path' || place === 'usual' ? null : folder;
      found.push({ architecture, path: real, place, ownFolder });
    }
  }
  return found;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // not here; the next place may have it
  }
}
