import { access, lstat, realpath } from 'node:fs/promises';
import { basename, extname, isAbsolute, join } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineService } from './service';

/** What a path that somebody opened is to this program. */
export type OpenedPath = { kind: 'machine'; id: string } | { kind: 'image'; path: string };

/** Archives of other programs that hold whole machines. */
const appliances = new Set(['.ova', '.ovf']);

/**
 * Finds out what a file or folder is, by its name and by what lies in it: the folder of a machine, or `machine.json`
 * in it, joins the library; any other file counts as an image.
 *
 * @throws Failure `input.invalid`, `file.*`, `disk.unsupported`, and those of `machine.open`
 */
export async function openPath(machines: MachineService, path: string): Promise<OpenedPath> {
  if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
  const real = await realpath(path).catch((error: unknown) => {
    throw new Failure(toErrorValue(error).code, phrase('problem.noImage', { path }), {
      hint: phrase('problem.noImageHint'),
      cause: error,
    });
  });
  const status = await lstat(real);
  if (status.isDirectory()) {
    if (!(await isThere(join(real, 'machine.json')))) {
      throw new Failure('input.invalid', phrase('machine.notAMachine', { path }), {
        hint: phrase('machine.notAMachineHint'),
      });
    }
    return { kind: 'machine', id: (await machines.open(real)).id };
  }
  if (!status.isFile()) throw new Failure('file.not-a-file', phrase('machine.notAMachine', { path }));
  if (basename(real) === 'machine.json') return { kind: 'machine', id: (await machines.open(real)).id };
  if (appliances.has(extname(real).toLowerCase())) {
    throw new Failure('disk.unsupported', phrase('machine.appliance', { file: basename(real) }), {
      hint: phrase('machine.applianceHint'),
    });
  }
  return { kind: 'image', path };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
