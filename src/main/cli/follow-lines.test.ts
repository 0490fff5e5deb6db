import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/helpers/temp-folder';
import { rotatingFile } from '../platform/rotating-file';
import { followLines } from './follow-lines';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let stop: AbortController;
let seen: string[];
let followed: Promise<void>;

const follow = (count = 10): void => {
  followed = followLines(path, count, (line) => seen.push(line), stop.signal);
};

beforeEach(async () => {
  folder = await temporaryFolder('follow');
  path = join(folder.path, 'machine.log');
  stop = new AbortController();
  seen = [];
  followed = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await followed;
  await folder.remove();
});

it('passes on the last lines and what is appended, whole lines only', async () => {
  await writeFile(path, 'one\ntwo\nthree\n');
  follow(2);
  await expect.poll(() => seen).toEqual(['two', 'three']);
  const four = Buffer.from('vier 机器\n');
  await appendFile(path, four.subarray(0, 7)); // in the middle of a character
  await appendFile(path, four.subarray(7));
  await appendFile(path, 'not yet');
  await expect.poll(() => seen).toEqual(['two', 'three', 'vier 机器']);
  await appendFile(path, ' whole\n');
  await expect.poll(() => seen.at(-1)).toBe('not yet whole');
});

it('waits for a file that is not there, and ends when it is told to', async () => {
  follow();
  await writeFile(path, 'first\n');
  await expect.poll(() => seen).toEqual(['first']);
  stop.abort();
  await followed;
});

it('goes on in the next file with every line of the old one', async () => {
  await writeFile(path, '');
  follow();
  await appendFile(path, 'old\n');
  await rename(path, `${path}.1`);
  await appendFile(`${path}.1`, 'last words\n');
  await writeFile(path, 'new\n');
  await expect.poll(() => seen).toEqual(['old', 'last words', 'new']);
});

it('loses nothing of a log that begins anew while it is followed', async () => {
  const log = rotatingFile(path, { maxBytes: 200, keep: 3 });
  const written: string[] = [];
  const write = (): Promise<void> => {
    written.push(`${written.length}`.padStart(20, '.'));
    log.write(written.at(-1) ?? '');
    return log.flush();
  };
  await write();
  follow();
  while (written.length < 30) {
    // A new file is begun every nine lines: it may do so once while nobody looks.
    await expect.poll(() => seen.length, { interval: 5 }).toBeGreaterThan(written.length - 8);
    await write();
  }
  await expect.poll(() => seen).toEqual(written);
});
