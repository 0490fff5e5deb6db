import { realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { firstUnmovable } from '../clones/source';
import { copyTree, makeFolder, surveyTree } from '../disks/copy-tree';
import { hostFailure } from '../disks/host-file';
import type { JobControl } from '../jobs/registry';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import { eraseFolder } from '../machines/delete';
import type { MachineKeeper } from '../machines/keeper';
import type { Machine } from '../machines/machine';
import { adaptDrives, arrivalFolder, renameFolder, requireFree } from '../machines/move-folder';
import type { MachineService } from '../machines/service';
import { freeSpace } from '../platform/disk-space';
import { copyInWorker } from '../platform/worker-job';
import { hostSnapshotFiles } from '../snapshots/files';
import { inFolder } from '../snapshots/record';
import { SnapshotStore } from '../snapshots/store';
import { verifyDisks } from '../snapshots/verify';
import { startImageJob } from './job';

/** What a machine's folder has that is no part of it. */
const staysBehind = (inner: string): boolean => inner === 'lock';

/**
 * Puts machines' folders elsewhere. On the same drive that is another name for the folder; on another one everything
 * is copied, compared and checked before the new folder is the machine's, and only then the old one goes. What is
 * under way stands in `library.json`, so that the next start ends it: see `settleMoves`.
 */
export class MachineMover {
  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
    private readonly keeper: MachineKeeper,
  ) {}

  /**
   * Starts the job; what can be refused is refused before there is one. The job's result is `{ folder }`.
   *
   * @param into the folder that the machine's is put into
   * @throws Failure `input.invalid`, `machine.*`, `file.*`, `disk.unsupported`
   */
  async move(id: string, into: string): Promise<{ jobId: string }> {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    requireState(machine, 'move');
    const to = join(await existingFolder(into), basename(machine.folder));
    if (to === machine.folder)
      throw new Failure('input.invalid', phrase('imageUse.alreadyThere', { name: machine.name }));
    if (to.startsWith(machine.folder + sep)) {
      throw new Failure('input.invalid', phrase('imageUse.intoItself'));
    }
    await requireFree(to);
    await refuseWholePaths(machine.folder);
    const about = { kind: 'moveMachine', subject: id, title: machine.name, unit: 'bytes' } as const;
    return startImageJob(this.context.jobs, about, async (control) => {
      await this.carryOut(machine, to, control);
      return { folder: to };
    });
  }

  private async carryOut(machine: Machine, to: string, control: JobControl): Promise<void> {
    const { log } = this.context;
    const from = machine.folder;
    const arrival = arrivalFolder({ id: machine.id, to });
    const release = once(await this.keeper.keep(machine, phrase('machine.isMoved')));
    let copied = false;
    try {
      const copy = async (): Promise<void> => {
        await this.copy(machine, to, arrival, control);
        copied = true;
      };
      await this.machines.library.move(machine, to, {
        prepare: async () => {
          if ((await stat(from)).dev !== (await stat(dirname(to))).dev) await copy();
        },
        bring: async () => {
          control.signal.throwIfAborted();
          // Windows does not rename a folder with an open file in it.
          if (!copied && process.platform === 'win32') await release();
          if (!copied && (await renameFolder(from, to))) return adaptRenamed(from, to);
          // Two places can be on one device and still be different drives.
          if (!copied) await copy();
          await renameFolder(arrival, to);
        },
        takeBack: async () => void (await renameFolder(to, copied ? arrival : from)),
      });
      machine.note(`moved from ${from}`);
      await release();
      if (copied) await this.leave(machine, from);
      else await this.machines.library.moved(machine);
    } finally {
      await release();
      await rm(arrival, { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) =>
        log.warn(`${arrival} stays`, toErrorValue(error)),
      );
    }
  }

  /** Puts a proven copy of the machine beside its new folder. */
  private async copy(machine: Machine, to: string, arrival: string, control: JobControl): Promise<void> {
    const { folder } = machine;
    await machine.log.flush();
    const tree = await surveyTree(folder, staysBehind);
    const free = await freeSpace(dirname(to));
    if (free !== null && free < tree.bytes) {
      throw new Failure(
        'file.no-space',
        phrase('imageUse.noRoom', { folder: dirname(to), name: machine.name }),
        {
          hint: phrase('imageUse.noRoomHint'),
        },
      );
    }
    await rm(arrival, { recursive: true, force: true });
    await makeFolder(arrival);
    await copyTree(folder, arrival, tree, {
      signal: control.signal,
      onProgress: (done, total) => control.progress(done, total),
      copyBig: (source, target, options) => copyInWorker(this.context.processHost, source, target, options),
    });
    await adaptDrives(arrival, folder, to);
    const before = new Set((await complaintsAbout(folder)).map(({ path, message }) => `${path} ${message}`));
    const added = (await complaintsAbout(arrival)).find(
      ({ path, message }) => !before.has(`${path} ${message}`),
    );
    if (added) {
      throw new Failure(
        'disk.corrupt',
        phrase('imageUse.copyWrong', { path: added.path, reason: added.message }),
        {
          hint: phrase('imageUse.copyWrongHint'),
        },
      );
    }
  }

  /** Removes what the machine has left in its old folder; the next start does it where that cannot be done now. */
  private async leave(machine: Machine, from: string): Promise<void> {
    try {
      await eraseFolder(from, machine.id, this.context.log);
      await this.machines.library.moved(machine);
    } catch (error) {
      this.context.log.warn(`${from} is removed at the next start`, toErrorValue(error));
    }
  }
}

const complaintsAbout = (folder: string): ReturnType<typeof verifyDisks> =>
  verifyDisks(new SnapshotStore(folder, hostSnapshotFiles()));

async function adaptRenamed(from: string, to: string): Promise<void> {
  try {
    await adaptDrives(to, from, to);
  } catch (error) {
    await renameFolder(to, from);
    throw error;
  }
}

async function existingFolder(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    throw hostFailure(error, 'open', path);
  }
  throw new Failure('input.invalid', phrase('file.notAFolder', { path }));
}

/** Images that name the one below by its whole path would look for it in the old folder. */
async function refuseWholePaths(folder: string): Promise<void> {
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  for (const image of await store.diskFiles()) {
    const chain = await store.innerChain(image).catch(() => [image]);
    const unmovable = await firstUnmovable(chain.map((inner) => inFolder(folder, inner)));
    if (unmovable === undefined) continue;
    throw new Failure('disk.unsupported', phrase('clone.wholePath', { image: unmovable }), {
      hint: phrase('imageUse.rebaseHint'),
    });
  }
}

function once(task: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= task());
}
