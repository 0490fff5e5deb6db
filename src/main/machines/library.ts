import { lstat, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { freeName } from '@shared/machine/name';
import { hasProcess } from '@shared/machine/state';
import type { EmitEvent } from '../platform/events';
import { lockFile } from '../platform/file-lock';
import type { Log } from '../platform/log';
import { type FolderContents, idOfPath, readFolder, writeConfig } from './folder';
import { newMachineId } from './identity';
import { layoutOf } from './layout';
import type { LibraryList } from './library-file';
import { Machine } from './machine';

/** Folders that are read at the same time. */
const readAtOnce = 32;

/** How a machine's folder comes to be another one. */
export interface MoveSteps {
  /** What may take long: the machine is where it was meanwhile. */
  prepare(): Promise<void>;
  /** Makes the whole machine be in its new folder; a rejection leaves it where it was. */
  bring(): Promise<void>;
  /** Undoes that. */
  takeBack(): Promise<void>;
}

/** The machines that there are: what the folders say, kept together with what runs. */
export class Library {
  private readonly machines = new Map<string, Machine>();
  private scanning: Promise<void> | undefined;
  /** Ends when no machine is between two folders. */
  private moving: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly list: LibraryList,
    private readonly emit: EmitEvent,
    private readonly log: Log,
  ) {}

  all(): Machine[] {
    return [...this.machines.values()];
  }

  /** @throws Failure `machine.not-found` */
  get(id: string): Machine {
    const machine = this.machines.get(id);
    if (!machine) throw new Failure('machine.not-found', phrase('machine.none'));
    return machine;
  }

  names(except?: Machine): string[] {
    return this.all()
      .filter((machine) => machine !== except)
      .map(({ name }) => name);
  }

  changed(machine: Machine): void {
    if (this.machines.get(machine.id) !== machine) return;
    this.emit({ name: 'machine.changed', value: machine.summary() });
  }

  /** Reads every folder again, and tells what changed. Scans that are asked for together are one. */
  scan(): Promise<void> {
    this.scanning ??= this.moving
      .then(() => this.scanNow())
      .finally(() => {
        this.scanning = undefined;
      });
    return this.scanning;
  }

  /** Reads the folder of one machine again. */
  async reread(machine: Machine): Promise<void> {
    const contents = await readFolder(machine.folder);
    if (!hasProcess(machine.state)) this.take(machine, contents);
  }

  /**
   * Puts a machine's folder on the list, where it is.
   *
   * @throws Failure `input.invalid`, `file.not-found`, `machine.config-invalid`, `machine.config-newer`
   */
  async open(path: string): Promise<Machine> {
    if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
    const folder = await this.machineFolder(path);
    const known = this.all().find((machine) => machine.folder === folder);
    if (known) return known;
    const contents = await readFolder(folder);
    if (contents.problem) throw toFailure(contents.problem);
    const machine = await this.admit(contents);
    await this.list.add({ folder, id: machine.id, name: machine.name }, this.isInside(folder));
    this.changed(machine);
    return machine;
  }

  /** Takes a machine off the list; its folder is not touched. */
  async remove(machine: Machine, keepFolder: boolean): Promise<void> {
    await this.list.remove(machine.folder, keepFolder && this.isInside(machine.folder));
    this.drop(machine);
  }

  /** A machine has just been made in a folder inside the library. */
  async created(folder: string): Promise<Machine> {
    const machine = await this.admit(await readFolder(folder));
    this.changed(machine);
    return machine;
  }

  /** Makes another folder the machine's. @throws what the steps throw; the machine is where it was then */
  async move(machine: Machine, to: string, { prepare, bring, takeBack }: MoveSteps): Promise<void> {
    const move = { id: machine.id, from: machine.folder, to, phase: 'copying' as const };
    await this.list.beginMove(move);
    try {
      await prepare();
      // No scan sees the moment in which it is in neither.
      const switched = this.moving.then(async () => {
        await this.scanning;
        await bring();
        await this.list.arrived(move, machine.name).catch(async (error: unknown) => {
          await takeBack();
          throw error;
        });
        machine.movedTo(to);
      });
      this.moving = switched.catch(() => undefined);
      await switched;
    } catch (error) {
      await this.list.endMove(machine.id);
      throw error;
    }
    this.changed(machine);
  }

  /** What a machine had in its old folder is gone. */
  moved(machine: Machine): Promise<void> {
    return this.list.endMove(machine.id);
  }

  private isInside(folder: string): boolean {
    return dirname(folder) === this.list.machinesFolder;
  }

  private async machineFolder(path: string): Promise<string> {
    try {
      const real = await realpath(path);
      // People point at the file as readily as at the folder that it lies in.
      return (await lstat(real)).isDirectory() ? real : dirname(real);
    } catch (error) {
      throw new Failure('file.not-found', phrase('file.noFolder', { path }), { cause: error });
    }
  }

  private async scanNow(): Promise<void> {
    const folders = await this.list.folders();
    const found: FolderContents[] = [];
    for (let start = 0; start < folders.length; start += readAtOnce) {
      found.push(...(await Promise.all(folders.slice(start, start + readAtOnce).map(readFolder))));
    }
    const present = new Set(folders);
    for (const machine of this.all()) {
      if (!present.has(machine.folder) && !hasProcess(machine.state)) this.drop(machine);
    }
    // Folders that are known, or bear their id in their name, come first: among copies they are the originals.
    const known = new Set(this.all().map(({ folder }) => folder));
    const rank = ({ folder, id }: FolderContents): number =>
      known.has(folder) ? 0 : folder.endsWith(`-${id.slice(0, 8)}`) ? 1 : 2;
    for (const contents of found.sort((a, b) => rank(a) - rank(b))) {
      const machine = this.all().find(({ folder }) => folder === contents.folder);
      if (machine && hasProcess(machine.state)) continue;
      // What could not be read may have an identity of its own now; or another machine has taken the place.
      if (machine && contents.config && contents.id !== machine.id) this.drop(machine);
      else if (machine) this.take(machine, contents);
      if (!machine || !this.machines.has(machine.id)) this.changed(await this.admit(contents));
    }
  }

  private take(machine: Machine, contents: FolderContents): void {
    const before = JSON.stringify(machine.summary());
    if (contents.config && contents.id !== machine.id) contents = replaced(contents);
    // While its configuration cannot be read, a machine keeps the name under which people know it.
    machine.refresh(contents.config ? contents : { ...contents, name: machine.name });
    if (JSON.stringify(machine.summary()) !== before) this.changed(machine);
  }

  private async admit(contents: FolderContents): Promise<Machine> {
    const opened = this.list.opened(contents.folder);
    // A folder that is away keeps the id and the name that it had.
    let known = contents;
    if (!contents.config && opened) known = { ...contents, id: opened.id, name: opened.name };
    if (known.fromCopy)
      this.log.warn(`machine.json in ${known.folder} is damaged; its last good copy is used`);
    if (this.machines.has(known.id)) known = await this.tellApart(known);
    const machine = new Machine(known);
    this.machines.set(machine.id, machine);
    return machine;
  }

  /** The folder is a copy of another machine's: it becomes a machine of its own. */
  private async tellApart(contents: FolderContents): Promise<FolderContents> {
    const id = idOfPath(contents.folder);
    if (!contents.config) return { ...contents, id };
    const config = {
      ...contents.config,
      id: newMachineId(),
      name: freeName(contents.config.name, this.names()),
    };
    try {
      const lock = await lockFile(layoutOf(contents.folder).lock);
      if (!lock) throw new Failure('machine.locked', phrase('machine.usedElsewhere'));
      try {
        await writeConfig(contents.folder, config);
      } finally {
        await lock.release();
      }
      return { ...contents, id: config.id, name: config.name, config };
    } catch (error) {
      const problem = new Failure('machine.inaccessible', phrase('machine.isCopy'), {
        hint: phrase('machine.isCopyHint', { path: join(contents.folder, 'machine.json') }),
        cause: error,
      });
      return { ...contents, id, config: null, problem: problem.toValue() };
    }
  }

  private drop(machine: Machine): void {
    if (this.machines.get(machine.id) !== machine) return;
    this.machines.delete(machine.id);
    this.emit({ name: 'machine.removed', value: { id: machine.id } });
  }
}

/** Another machine's configuration is where a machine's own was. */
function replaced(contents: FolderContents): FolderContents {
  const problem = new Failure('machine.inaccessible', phrase('machine.anotherThere'), {
    hint: phrase('machine.scanHint'),
  });
  return { ...contents, config: null, problem: problem.toValue() };
}
