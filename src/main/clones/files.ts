import { dirname } from 'node:path';
import { copyFileChecked, type CopyOptions } from '../disks/copy-file';
import { syncFolder } from '../disks/host-file';
import { linkFile } from '../disks/link-file';
import { hostSnapshotFiles, type LongTasks, type SnapshotFiles } from '../snapshots/files';

/** What cloning does on the host's disk. Paths are absolute; what has resolved survives a loss of power. */
export interface CloneFiles extends SnapshotFiles {
  /** Copies a file as it is, checked. */
  copy(from: string, path: string, options: CopyOptions): Promise<void>;
  /** Gives a file a second name. False where the file system, or the way between two, has no such thing. */
  link(from: string, path: string): Promise<boolean>;
}

/** The host's disk itself. @param copy, @param long how that is done, if not in this process */
export function hostCloneFiles(
  copy: CloneFiles['copy'] = async (source, target, options) => {
    await copyFileChecked(source, target, options);
  },
  long?: Partial<LongTasks>,
): CloneFiles {
  return {
    ...hostSnapshotFiles(long),
    copy,
    async link(from, path) {
      const isLinked = await linkFile(from, path);
      if (isLinked) await syncFolder(dirname(path));
      return isLinked;
    },
  };
}
