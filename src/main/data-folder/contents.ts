import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { surveyTree, type Tree } from '../disks/copy-tree';

/** What is made anew in every data folder, and notes about the moving itself. */
const staying: ReadonlySet<string> = new Set([
  'electron',
  'cache',
  'lock',
  'location.json',
  'move.json',
  'moved.json',
  '.unfinished-move',
]);

/** Whether a name at the top of a data folder is none of its contents. */
export function stays(name: string): boolean {
  return staying.has(name);
}

/** A machine that moves is off. */
const isLock = (inner: string): boolean => /^machines\/[^/]+\/lock$/.test(inner);

/**
 * Lists what moves with a data folder.
 *
 * @throws Failure `input.invalid` for what is neither a file nor a folder nor a link, `file.*`
 */
export async function contentsOf(folder: string): Promise<Tree> {
  const tree = await surveyTree(folder, (inner) => stays(inner) || isLock(inner));
  const [strange] = tree.strange;
  if (strange === undefined) return tree;
  throw new Failure('input.invalid', phrase('dataFolder.strange', { path: join(folder, strange) }), {
    hint: phrase('dataFolder.strangeHint'),
  });
}

/** The paths of what is of some kinds in it. */
export function pathsOf({ entries }: Tree, ...kinds: Tree['entries'][number]['kind'][]): string[] {
  return entries.filter(({ kind }) => kinds.includes(kind)).map(({ inner }) => inner);
}
