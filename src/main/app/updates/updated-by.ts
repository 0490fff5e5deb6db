import { existsSync } from 'node:fs';
import path from 'node:path';
import type { UpdateStatus } from '@shared/updates/status';

/** Where and how the program is installed. */
export interface Installation {
  platform: NodeJS.Platform;
  packaged: boolean;
  /** The program's file. */
  program: string;
  /** Electron's `process.resourcesPath`. */
  resources: string;
  env: Record<string, string | undefined>;
}

/** The file in which a release says where newer ones are; electron-builder puts it into a release's packages. */
export const feedFile = (resources: string): string => path.join(resources, 'app-update.yml');

/**
 * Who brings newer versions. A package of a Linux distribution says what it is in `package-type`; of Windows' two
 * kinds only the installed one has a way to be removed.
 */
export function updatedBy({ platform, packaged, program, resources, env }: Installation): UpdateStatus['by'] {
  if (!packaged) return 'nobody';
  if (platform === 'linux' && existsSync(path.join(resources, 'package-type'))) return 'package-manager';
  if (!existsSync(feedFile(resources))) return 'nobody';
  if (platform === 'darwin') return 'itself';
  if (platform === 'win32') {
    return existsSync(path.join(path.dirname(program), 'Uninstall Vivarium.exe')) ? 'itself' : 'hand';
  }
  return env['APPIMAGE'] ? 'itself' : 'hand';
}
