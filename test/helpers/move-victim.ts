import { readFile, writeFile } from 'node:fs/promises';
import { kill, pid } from 'node:process';
import { moveFile } from '../../src/main/disk-library/move';
import { copyFileChecked } from '../../src/main/disks/copy-file';

/**
 * A process that moves a file and is killed at a moment of it. Arguments: the file, its new name, the file in which a
 * user of it keeps its name, and the moment.
 */
const [path = '', target = '', user = '', moment = ''] = process.argv.slice(2);
const at = (now: string): void => {
  if (now === moment) kill(pid, 'SIGKILL');
};

await moveFile(path, target, {
  copy: async (to) => {
    await copyFileChecked(path, to, { onProgress: (done, total) => done > total / 4 && at('copying') });
    at('copied');
  },
  switchOver: async () => {
    at('named');
    if ((await readFile(user, 'utf8')) === path) await writeFile(user, target);
    at('switched');
  },
});
at('moved');
