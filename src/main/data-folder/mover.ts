import { randomUUID } from 'node:crypto';
import { access, lstat, mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative } from 'node:path';
import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { copyTree } from '../disks/copy-tree';
import type { JobControl, JobRegistry } from '../jobs/registry';
import type { MachineService } from '../machines/service';
import { writeAtomic } from '../platform/atomic-file';
import { movedTo, pointTo } from '../platform/data-location';
import { freeSpace } from '../platform/disk-space';
import type { Log } from '../platform/log';
import type { ProcessHost } from '../platform/process-host';
import { syncFolder } from '../platform/sync-folder';
import { copyInWorker } from '../platform/worker-job';
import { contentsOf, pathsOf, stays } from './contents';
import { decidedPath, markPath, type MoveJournal, undecidedPath, undo } from './journal';
import { holdsPaths, withPathsMoved } from './rewrite';

interface Parts {
  /** The folder that stands for the data folder, wherever that is. */
  base: string;
  folder: string;
  machines: MachineService;
  jobs: JobRegistry;
  processHost: ProcessHost;
  log: Log;
  /** Everything is in the new folder: ends the program and starts it again. */
  moved: () => void;
}

/**
 * Moves the data folder: copied, verified, decided by one atomic write, and only then removed from the old place (by
 * the next start). Killed at any moment it leaves one whole data folder, which the next start uses.
 */
export class DataMover {
  private moving = false;

  constructor(private readonly parts: Parts) {}

  /** From the first byte until the program has started again, nothing in the folder may change. */
  get isMoving(): boolean {
    return this.moving;
  }

  /** @throws Failure `library.moving` while the folder is being moved */
  readonly refuse = (): void => {
    if (!this.isMoving) return;
    throw new Failure('library.moving', phrase('dataFolder.moving'), {
      hint: phrase('dataFolder.movingHint'),
    });
  };

  /**
   * Starts the job. What can be refused is refused before there is one.
   *
   * @param to an absolute path: an empty folder, or one that does not exist
   * @throws Failure `library.in-use`, `input.invalid`, `file.*`, `library.moving`
   */
  async start(to: string): Promise<{ jobId: string }> {
    this.refuse();
    this.refuseInUse();
    const target = await this.checkedTarget(to);
    this.refuseInUse();
    this.refuse();
    const { jobs } = this.parts;
    this.moving = true;
    const about = { kind: 'moveData', subject: '', title: target, unit: 'bytes', cancellable: true } as const;
    return jobs.start(about, async (control) => {
      try {
        await this.move(target, control);
      } catch (error) {
        this.moving = false;
        throw error;
      }
      // The answer is told before the program ends.
      setImmediate(this.parts.moved);
      return { folder: target };
    });
  }

  private async move(to: string, control: JobControl): Promise<void> {
    const { base, folder: from, machines, processHost, log } = this.parts;
    for (const machine of machines.library.all()) await machine.log.flush();
    const contents = await contentsOf(from);
    await refuseUnfinished(from, pathsOf(contents, 'file'));
    await refuseFull(from, dirname(to), contents.bytes);
    const entry: MoveJournal = {
      schema: 1,
      id: randomUUID(),
      base,
      from,
      to,
      folders: pathsOf(contents, 'folder'),
      files: pathsOf(contents, 'file', 'link'),
    };
    const text = JSON.stringify(entry);
    await writeAtomic(undecidedPath(from), text);
    try {
      await mkdir(to, { recursive: true, mode: 0o700 });
      await writeAtomic(markPath(to), entry.id);
      await syncFolder(dirname(to));
      await copyTree(from, to, contents, {
        signal: control.signal,
        onProgress: control.progress,
        copyBig: (source, target, options) => copyInWorker(processHost, source, target, options),
        share: true,
        adapt: async (inner, target) => {
          if (holdsPaths(inner)) await rewrite(target, from, to);
        },
      });
      await writeAtomic(decidedPath(to), text);
      control.signal.throwIfAborted();
      await pointTo(base, to);
    } catch (error) {
      // It may have failed after it had happened.
      if ((movedTo(base) ?? base) === to) return;
      await undo(entry).catch((left: unknown) => log.warn(`an unfinished copy stays in ${to}`, left));
      throw error;
    }
    log.info(`the data folder is ${to} from now on`);
  }

  private refuseInUse(): void {
    const { machines, jobs } = this.parts;
    if (machines.running().length > 0) {
      throw new Failure('library.in-use', phrase('dataFolder.running'), {
        hint: phrase('dataFolder.runningHint'),
      });
    }
    if (jobs.list().some(({ state }) => state === 'running')) {
      throw new Failure('library.in-use', phrase('dataFolder.busy'), { hint: phrase('dataFolder.busyHint') });
    }
  }

  /** The real path of where it goes. */
  private async checkedTarget(given: string): Promise<string> {
    if (!isAbsolute(given))
      throw new Failure('input.invalid', phrase('dataFolder.absolute', { folder: given }));
    const { folder } = this.parts;
    const target = await realTarget(normalize(given));
    if (isWithin(folder, target) || isWithin(target, folder)) {
      throw new Failure('input.invalid', phrase('dataFolder.inside'));
    }
    const names = await readdir(target).catch((error: unknown) => {
      if ((error as { code?: string }).code === 'ENOENT') return [];
      throw toFailure(error);
    });
    if (names.some((name) => !stays(name))) {
      throw new Failure('file.exists', phrase('dataFolder.notEmpty', { folder: target }), {
        hint: phrase('dataFolder.notEmptyHint'),
      });
    }
    return target;
  }
}

/** The real path of a folder of which only the beginning may be there. */
async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await realTarget(dirname(path)), basename(path));
  }
}

function isWithin(outer: string, path: string): boolean {
  const way = relative(outer, path);
  return way === '' || (!isAbsolute(way) && way.split(/[/\\]/)[0] !== '..');
}

/** A file of its own takes the name, so that the old one keeps what it says. */
async function rewrite(target: string, from: string, to: string): Promise<void> {
  const text = withPathsMoved(await readFile(target, 'utf8'), from, to);
  if (text !== undefined) await writeAtomic(target, text);
}

/** A machine's journal speaks of its folder as it was. */
async function refuseUnfinished(from: string, files: readonly string[]): Promise<void> {
  const found = files.find((inner) => /^machines\/[^/]+\/journal\.json$/.test(inner));
  if (found === undefined) return;
  await access(join(from, found));
  throw new Failure('journal.unfinished', phrase('dataFolder.unfinished', { name: dirname(found) }));
}

/** Where files can have two names nothing is needed; elsewhere there must be room for all of them. */
async function refuseFull(from: string, near: string, needed: number): Promise<void> {
  let there = near;
  while (!(await lstat(there).catch(() => undefined)) && dirname(there) !== there) there = dirname(there);
  if ((await lstat(there)).dev === (await lstat(from)).dev) return;
  const free = await freeSpace(there);
  if (free === null || free >= needed) return;
  throw new Failure('file.no-space', phrase('dataFolder.noSpace', { needed, free }));
}
