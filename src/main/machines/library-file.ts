import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readJsonWithCopy, writeWithCopy } from '../platform/atomic-file';
import type { Log } from '../platform/log';

/** `<data>/library.json`: what the library knows beyond the folders in `<data>/machines`. */
const libraryFile = z.looseObject({
  schema: z.literal(1),
  /** Machines that lie elsewhere, with what to call them while their folder is away. */
  opened: z.array(z.looseObject({ folder: z.string(), id: z.string(), name: z.string() })),
  /** Folders in `<data>/machines` that were taken out of the list. */
  hidden: z.array(z.string()),
  /** Machines that are on their way from one folder to another: see `settleMoves`. */
  moving: z
    .array(
      z.looseObject({
        id: z.string(),
        from: z.string(),
        to: z.string(),
        /** `copying`: the machine is where it was. `leaving`: it is in its new place; what is left goes away. */
        phase: z.enum(['copying', 'leaving']),
      }),
    )
    .optional(),
});
type LibraryFile = z.infer<typeof libraryFile>;
export type OpenedFolder = LibraryFile['opened'][number];
export type FolderMove = NonNullable<LibraryFile['moving']>[number];

/** Begins the names of folders that are being made or taken apart. */
export const unfinishedPrefix = '.creating-';

/** Which folders belong to the library. */
export class LibraryList {
  readonly machinesFolder: string;

  private constructor(
    dataFolder: string,
    private readonly path: string,
    private contents: LibraryFile,
  ) {
    this.machinesFolder = join(dataFolder, 'machines');
  }

  static async load(dataFolder: string, log: Log): Promise<LibraryList> {
    const path = join(dataFolder, 'library.json');
    let contents: LibraryFile = { schema: 1, opened: [], hidden: [] };
    try {
      contents = libraryFile.parse((await readJsonWithCopy(path)).value);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') log.warn(`${path} cannot be used`, error);
    }
    return new LibraryList(dataFolder, path, contents);
  }

  /** The real paths of all folders that may hold machines, each once. */
  async folders(): Promise<string[]> {
    const inside: string[] = [];
    for (const entry of await readdir(this.machinesFolder, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || !(entry.isDirectory() || entry.isSymbolicLink())) continue;
      const folder = await realpath(join(this.machinesFolder, entry.name)).catch(() => undefined);
      if (folder !== undefined && !this.contents.hidden.includes(folder)) inside.push(folder);
    }
    const all = new Set([...inside.sort(), ...this.contents.opened.map(({ folder }) => folder)]);
    // Of one that is being moved there may be two; only one of them is the machine.
    for (const { from, to, phase } of this.moves()) all.delete(phase === 'copying' ? to : from);
    return [...all];
  }

  /** Moves that were begun and are not settled. */
  moves(): readonly FolderMove[] {
    return this.contents.moving ?? [];
  }

  /** Notes that a machine is about to be put elsewhere; from here on its new folder is nobody else's. */
  async beginMove(move: Pick<FolderMove, 'id' | 'from' | 'to'>): Promise<void> {
    const others = this.moves().filter(({ id }) => id !== move.id);
    await this.write({ ...this.contents, moving: [...others, { ...move, phase: 'copying' }] });
  }

  /** The whole machine is in its new folder, and that is where it is from now on. */
  async arrived({ id, from, to }: FolderMove, name: string): Promise<void> {
    const opened = this.contents.opened.filter(({ folder }) => folder !== from && folder !== to);
    if (dirname(to) !== this.machinesFolder) opened.push({ folder: to, id, name });
    const hidden = this.contents.hidden.filter((folder) => folder !== to);
    const moving = this.moves().map((move) =>
      move.id === id ? { ...move, phase: 'leaving' as const } : move,
    );
    await this.write({ ...this.contents, opened, hidden, moving });
  }

  /** Nothing is left to do. */
  async endMove(id: string): Promise<void> {
    const { moving: _before, ...others } = this.contents;
    const moving = this.moves().filter((move) => move.id !== id);
    await this.write(moving.length > 0 ? { ...others, moving } : others);
  }

  /** What is remembered of a folder outside; undefined for one inside. */
  opened(folder: string): OpenedFolder | undefined {
    return this.contents.opened.find((entry) => entry.folder === folder);
  }

  /** Puts a folder on the list. `inside`: it lies in `<data>/machines`, where it is found without being listed. */
  async add(entry: { folder: string; id: string; name: string }, inside: boolean): Promise<void> {
    const others = this.without(entry.folder);
    await this.write(inside ? others : { ...others, opened: [...others.opened, entry] });
  }

  /** Takes a folder off the list. `hide`: it stays where the library would find it again. */
  async remove(folder: string, hide: boolean): Promise<void> {
    const others = this.without(folder);
    await this.write(hide ? { ...others, hidden: [...others.hidden, folder] } : others);
  }

  private without(folder: string): LibraryFile {
    return {
      ...this.contents,
      opened: this.contents.opened.filter((entry) => entry.folder !== folder),
      hidden: this.contents.hidden.filter((entry) => entry !== folder),
    };
  }

  private async write(contents: LibraryFile): Promise<void> {
    if (JSON.stringify(contents) === JSON.stringify(this.contents)) return;
    await writeWithCopy(this.path, `${JSON.stringify(contents, null, 2)}\n`);
    this.contents = contents;
  }
}
