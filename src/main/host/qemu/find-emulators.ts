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

export interface SearchPlaces {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  /** A folder that a person chose; before everything else. */
  chosen: string | null;
  /** `resources/qemu`: after everything else, because an installed QEMU gets security fixes. */
  bundled: string;
}

export interface FoundEmulator {
  architecture: Architecture;
  path: string;
  /** In `resources/qemu` or the chosen folder, whose firmware files then lie beside it. */
  ownFolder: string | null;
}

/** The emulators on this computer, the first place that has one deciding. */
export async function findEmulators(places: SearchPlaces): Promise<FoundEmulator[]> {
  const { platform, env, chosen, bundled } = places;
  const onPath = (env['PATH'] ?? '').split(platform === 'win32' ? ';' : delimiter).filter(isAbsolute);
  const folders = [
    ...(chosen === null ? [] : [{ folder: chosen, own: true }]),
    ...[...onPath, ...(usualFolders[platform] ?? [])].map((folder) => ({ folder, own: false })),
    { folder: bundled, own: true },
    { folder: join(bundled, 'bin'), own: true },
  ];
  const suffix = platform === 'win32' ? '.exe' : '';
  const found: FoundEmulator[] = [];
  for (const [architecture, name] of Object.entries(emulatorNames) as [Architecture, string][]) {
    for (const { folder, own } of folders) {
      const path = join(folder, name + suffix);
      if (!(await isProgram(path))) continue;
      found.push({ architecture, path: await realpath(path), ownFolder: own ? folder : null });
      break;
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
