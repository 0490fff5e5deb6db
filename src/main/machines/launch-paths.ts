import { lstat, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { hasStreamCables } from '@shared/engine/qemu/cables';
import { Failure, toErrorValue } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import type { MachinesContext } from './context';

/**
 * The absolute paths that a machine's process will open. Disks must really lie in the machine's folder: one that
 * came from elsewhere must not reach out of it by a symbolic link.
 *
 * @throws Failure `file.not-found`, `machine.config-invalid`
 */
export async function resolveLaunchPaths(
  folder: string,
  config: MachineConfig,
  bios: string,
  savedState: string | null,
): Promise<LaunchPaths> {
  const disks: Record<string, string> = {};
  for (const { id, path } of config.disks) disks[id] = await diskPath(folder, path);
  const drives: Record<string, string> = {};
  for (const { id, path } of config.drives) {
    if (path === null) continue;
    if (!isAbsolute(path)) {
      throw new Failure('machine.config-invalid', phrase('machine.imageAbsolute', { device: id, path }));
    }
    drives[id] = path;
  }
  return { folder, bios, disks, drives, savedState };
}

/**
 * The paths, and what the machine's engine has to know of this computer besides.
 *
 * @throws Failure as `resolveLaunchPaths`; `engine.*`
 */
export async function prepareLaunch(
  folder: string,
  config: MachineConfig,
  context: Pick<MachinesContext, 'biosFolder' | 'prepareQemu' | 'networks'>,
  savedState: string | null,
): Promise<LaunchPaths> {
  const resolved = await resolveLaunchPaths(folder, config, context.biosFolder, savedState);
  const networks = (await context.networks?.prepare(folder, config)) ?? {};
  const paths: LaunchPaths = { ...resolved, networks };
  if (config.engine !== 'qemu' || !context.prepareQemu) return paths;
  const qemu = await context.prepareQemu(config);
  return { ...paths, qemu: { ...qemu, nicSockets: hasStreamCables(qemu.version) ? networks : {} } };
}

/**
 * Where an image of a machine really is. @param inner its path inside the folder
 * @throws Failure `file.not-found`, `file.not-a-file`, `machine.config-invalid` when it lies outside of the folder
 */
export async function diskPath(folder: string, inner: string): Promise<string> {
  const path = join(folder, ...inner.split('/'));
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    throw new Failure('file.not-found', phrase('problem.missingDisk', { path }), { cause: error });
  }
  const inside = relative(await realpath(folder), real);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new Failure('machine.config-invalid', phrase('machine.diskOutside', { path: real }), {
      hint: phrase('machine.diskOutsideHint'),
    });
  }
  if (!(await lstat(real)).isFile())
    throw new Failure('file.not-a-file', phrase('machine.notDiskImage', { path }));
  return real;
}

/**
 * Checks an image that a person wants in a drive.
 *
 * @throws Failure `input.invalid`, `file.*`, `medium.empty`
 */
export async function checkMedium(path: string): Promise<void> {
  if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
  const unusable = (error: unknown): never => {
    const { code } = toErrorValue(error);
    const known = code === 'internal' ? 'file.io' : code;
    throw new Failure(known, phrase('medium.notUsable', { path }), { cause: error });
  };
  const status = await stat(path).catch(unusable);
  if (!status.isFile()) throw new Failure('file.not-a-file', phrase('medium.noImageFile', { path }));
  if (status.size === 0) throw new Failure('medium.empty', phrase('medium.nothing', { path }));
  await (await open(path, 'r').catch(unusable)).close();
}
