import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, isAbsolute, sep } from 'node:path';
import { z } from 'zod';
import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { readMachineConfig } from '@shared/machine/migrate';
import type { MachineConfig } from '@shared/machine/config';
import type { MergeOptions } from '../disks/chain/merge';
import { copyPath, readJsonWithCopy } from '../platform/atomic-file';
import { exists, readIfThere, type SnapshotFiles } from './files';
import { filesOf, inFolder, signImages, type SnapshotRecord } from './record';
import { type CommitStep, commitStep, type Operation, type PrepareStep, prepareStep } from './steps';

/**
 * `journal.json`, there only while an operation is under way. It is written before anything is done. While its phase
 * is `prepare`, only new things are made, and a recovery removes them: the old state. Writing the phase `commit` is
 * the moment at which the operation has happened; a recovery carries out its steps, again where necessary: the new
 * state.
 */
const journal = z.strictObject({
  schema: z.literal(1),
  title: z.string().max(500),
  phase: z.enum(['prepare', 'commit']),
  prepare: z.array(prepareStep),
  commit: z.array(commitStep),
});
type Journal = z.infer<typeof journal>;

/** How an interrupted operation ended after all. */
export type Recovery = { title: string; how: 'finished' | 'undone' };

const journalName = 'journal.json';

/** One machine's folder, in which one operation is carried out at a time. The caller keeps everybody else away. */
export class JournalledFolder {
  constructor(
    readonly folder: string,
    private readonly files: SnapshotFiles,
  ) {}

  /**
   * Carries out an operation: wholly, or not at all.
   *
   * @param beforeCommit the last chance to refuse; what it rejects with undoes everything
   * @throws Failure what went wrong, and the old state is there; `journal.unfinished` when only a recovery can tell
   */
  async run(operation: Operation, options: MergeOptions = {}): Promise<void> {
    const pending = await this.begin(operation, options);
    await pending.decide();
    await pending.finish();
  }

  /** The first part of `run`: everything new has been made when it resolves. */
  async begin(operation: Operation, options: MergeOptions = {}): Promise<PendingOperation> {
    if (await exists(this.path)) {
      throw new Failure('journal.unfinished', phrase('snapshot.unfinished'));
    }
    // To undo it is to remove these: they must not be somebody else's.
    for (const { path } of operation.prepare) {
      if (!(await exists(inFolder(this.folder, path)))) continue;
      throw new Failure('file.exists', phrase('snapshot.inTheWay', { path: inFolder(this.folder, path) }));
    }
    const entry: Journal = { schema: 1, phase: 'prepare', ...operation };
    const pending = new PendingOperation(this, entry);
    try {
      await this.write(entry);
      for (const step of entry.prepare) await this.prepare(step, options);
    } catch (error) {
      await pending.undo(error);
      throw error;
    }
    return pending;
  }

  /** Finishes or undoes what was interrupted. Undefined when there was nothing. @throws Failure `journal.unfinished` */
  async recover(): Promise<Recovery | undefined> {
    const text = await readIfThere(this.path);
    if (text === undefined) return undefined;
    let entry: Journal;
    try {
      entry = parseJournal(text);
    } catch (error) {
      throw new Failure('journal.unfinished', phrase('snapshot.badJournal', { path: this.path }), {
        hint: phrase('snapshot.badJournalHint'),
        cause: error,
      });
    }
    try {
      if (entry.phase === 'commit') await this.commit(entry);
      else await this.undo(entry);
    } catch (error) {
      throw unfinished(entry.title, error);
    }
    return { title: entry.title, how: entry.phase === 'commit' ? 'finished' : 'undone' };
  }

  get path(): string {
    return join(this.folder, journalName);
  }

  /** As it is on the disk; undefined where there is no journal, or none that can be read. */
  async phase(): Promise<Journal['phase'] | undefined> {
    try {
      return parseJournal(await readFile(this.path, 'utf8')).phase;
    } catch {
      return undefined;
    }
  }

  write(entry: Journal): Promise<void> {
    return this.files.write(this.path, `${JSON.stringify(entry, null, 1)}\n`);
  }

  async commit({ commit }: Journal): Promise<void> {
    for (const step of commit) await this.carryOut(step);
    await this.files.remove(this.path);
  }

  async undo({ prepare }: Journal): Promise<void> {
    for (const { path } of [...prepare].reverse()) {
      const place = inFolder(this.folder, path);
      if (!(await exists(dirname(place)))) continue;
      await this.files.remove(await this.checked(path));
    }
    // What its parts were written to, as far as they were.
    if (prepare.some((step) => step.do === 'shareMemory')) await this.files.collectMemory(this.folder);
    await this.files.remove(this.path);
  }

  private async prepare(step: PrepareStep, options: MergeOptions): Promise<void> {
    const { files } = this;
    options.signal?.throwIfAborted();
    const path = step.do === 'folder' ? inFolder(this.folder, step.path) : await this.checked(step.path);
    switch (step.do) {
      case 'folder':
        return files.folder(path);
      case 'overlay':
        return files.overlay(path, await this.checked(step.on));
      case 'merge': {
        const layers: string[] = [];
        for (const layer of step.layers) layers.push(await this.checked(layer));
        const below = step.below === null ? null : await this.checked(step.below);
        return files.merge({ layers, below, target: path }, options);
      }
      case 'share':
        return files.share(await this.checked(step.from), path);
      case 'shareMemory':
        return files.shareMemory(await this.checked(step.from), path, options);
      case 'copyFolder':
        return files.copyFolder(await this.checked(step.from), path);
    }
  }

  private async carryOut(step: CommitStep): Promise<void> {
    const { files, folder } = this;
    switch (step.do) {
      case 'replace': {
        if (!(await exists(inFolder(folder, step.from)))) return;
        const [from, to] = [await this.checked(step.from), await this.checked(step.to)];
        // An image is replaced in one go. A folder cannot be: in between it is not there, but the journal is. Nor can a
        // file by another name of itself, which `rename` leaves as they are.
        if (!/\.qcow2$/.test(step.to)) await files.remove(to);
        return files.rename(from, to);
      }
      case 'remove': {
        if (!(await exists(dirname(inFolder(folder, step.path))))) return;
        return files.remove(await this.checked(step.path));
      }
      case 'record': {
        for (const { id, path } of step.record.config.disks) {
          if (!step.record.images[id]) await files.settle(await this.checked(path));
        }
        const images = { ...(await signImages(folder, step.record)), ...step.record.images };
        const path = await this.checked(filesOf(step.record.id).record);
        return files.write(path, `${JSON.stringify({ ...step.record, images }, null, 2)}\n`);
      }
      case 'collectMemory':
        return files.collectMemory(folder);
      case 'config':
        return this.writeConfig(step);
    }
  }

  private async writeConfig(step: Extract<CommitStep, { do: 'config' }>): Promise<void> {
    const path = join(this.folder, 'machine.json');
    const present = readMachineConfig((await readJsonWithCopy(path)).value);
    const changed = changedConfig(present, step);
    for (const disk of changed.disks) {
      if (step.paths[disk.id] === undefined || (await exists(inFolder(this.folder, disk.path)))) continue;
      throw new Failure('snapshot.broken', phrase('snapshot.newDiskMissing', { path: disk.path }));
    }
    const text = `${JSON.stringify(changed, null, 2)}\n`;
    await this.files.write(path, text);
    await this.files.write(copyPath(path), text);
  }

  /** The absolute path, of which a symbolic link has not made another place. @throws Failure `machine.config-invalid` */
  private async checked(inner: string): Promise<string> {
    const path = inFolder(this.folder, inner);
    const inside = relative(await realpath(this.folder), await realpath(dirname(path)));
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new Failure('machine.config-invalid', phrase('snapshot.notInFolder', { path }));
    }
    return path;
  }
}

/** An operation whose new things are there, and that has not happened yet. */
export class PendingOperation {
  constructor(
    private readonly home: JournalledFolder,
    private entry: Journal,
  ) {}

  /** Adds to the record of the snapshot that is taken, for this run: the journal on the disk stays what it is. */
  amendRecord(more: Partial<SnapshotRecord>): void {
    const commit = this.entry.commit.map((step) =>
      step.do === 'record' ? { ...step, record: { ...step.record, ...more } } : step,
    );
    this.entry = { ...this.entry, commit };
  }

  /** From here on it has happened, also if this program ends now. On failure it is undone. */
  async decide(): Promise<void> {
    try {
      await this.home.write({ ...this.entry, phase: 'commit' });
    } catch (error) {
      // It may have reached the disk all the same, and then what it leads to must not be removed before it.
      if ((await this.home.phase()) === 'prepare') await this.undo(error);
      else await this.takeBack(error);
      throw error;
    }
  }

  /** Whether it was decided and nobody has finished it yet, as a recovery would. */
  async isDue(): Promise<boolean> {
    return (await this.home.phase()) === 'commit';
  }

  /** Precondition: `decide`. @throws Failure `journal.unfinished` */
  async finish(): Promise<void> {
    try {
      await this.home.commit(this.entry);
    } catch (error) {
      throw this.unfinished(error);
    }
  }

  /** What to tell of an operation that was decided and cannot be finished now. */
  unfinished(cause: unknown): Failure {
    const isTold = cause instanceof Failure && cause.code === 'journal.unfinished';
    return isTold ? cause : unfinished(this.entry.title, cause);
  }

  /** After `decide`, when nothing of it has taken effect after all. @throws Failure `journal.unfinished` */
  async takeBack(why: unknown): Promise<void> {
    try {
      await this.home.write(this.entry);
    } catch (error) {
      throw unfinished(this.entry.title, error);
    }
    await this.undo(why);
  }

  /** @throws Failure `journal.unfinished` when not even that can be done now */
  async undo(why: unknown): Promise<void> {
    try {
      await this.home.undo(this.entry);
    } catch (error) {
      const { message } = toErrorValue(error);
      throw new Failure(
        'journal.unfinished',
        phrase('snapshot.notUndone', { title: this.entry.title, reason: message }),
        {
          hint: phrase('snapshot.notUndoneHint'),
          cause: why,
        },
      );
    }
  }
}

function parseJournal(text: string): Journal {
  return journal.parse(JSON.parse(text));
}

/** What a machine is called and is for, which is no part of a snapshot's settings. */
const ownFields = [
  ...(['id', 'name', 'notes', 'created', 'template', 'clonedFrom'] as const),
  ...(['automaticSnapshots', 'discardOnPowerOff'] as const),
];

/** The configuration after a step; images in drives come with the settings. */
export function changedConfig(
  present: MachineConfig,
  step: Pick<Extract<CommitStep, { do: 'config' }>, 'paths' | 'snapshot' | 'settings' | 'kept'>,
): MachineConfig {
  const { settings, snapshot } = step;
  const base = { ...(settings ?? present) };
  for (const field of ownFields) delete base[field];
  const own = Object.fromEntries(ownFields.map((field) => [field, present[field]]));
  const kept = step.kept === undefined ? base.kept : step.kept;
  return withoutUndefined({
    ...base,
    ...own,
    disks: base.disks.map((disk) => ({ ...disk, path: step.paths[disk.id] ?? disk.path })),
    snapshot: snapshot ?? undefined,
    kept: kept ?? undefined,
  } as MachineConfig);
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function unfinished(title: string, cause: unknown): Failure {
  return new Failure('journal.unfinished', phrase('snapshot.notFinished', { title, reason: saidBy(cause) }), {
    hint: phrase('snapshot.notFinishedHint'),
    cause,
  });
}
