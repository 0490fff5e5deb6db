import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/helpers/temp-folder';

const run = promisify(execFile);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let command: string;

beforeEach(async () => {
  folder = await temporaryFolder('launcher');
  await mkdir(path.join(folder.path, 'a b', 'bin'), { recursive: true });
  await copyFile('resources/bin/vivarium.sh', path.join(folder.path, 'a b', 'bin', 'vivarium'));
  const program = '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\n';
  await writeFile(path.join(folder.path, 'a b', 'vivarium'), program, { mode: 0o755 });
  command = path.join(folder.path, 'vivarium');
  await symlink(path.join(folder.path, 'a b', 'bin', 'vivarium'), command);
});
afterEach(() => folder.remove());

/** The words that the program gets. */
const given = async (...words: string[]): Promise<string[]> =>
  (await run(command, words)).stdout.split('\n').filter(Boolean);

describe.skipIf(process.platform === 'win32')('the command', () => {
  it.each([
    [],
    ['--no-sandbox'],
    ['--data', 'folder'],
    ['--data=folder'],
    ['vivarium://open/4711'],
    ['/home/somebody/system.iso'],
    ['disk.ova'],
  ])('opens the app: %j %j', async (...words) => {
    expect(await given(...words)).toEqual(words);
  });

  it.each([
    ['list'],
    ['--json', 'list'],
    ['--data', 'some folder', 'start', 'My machine'],
    ['--help'],
    ['create', '--name', 'a b', '$(touch x)'],
  ])('carries out a command: %j', async (...words) => {
    const got = await given(...words);
    expect(got.slice(got.indexOf('--command-line'))).toEqual(['--command-line', '--', ...words]);
    expect(got[0]).toBe('--ozone-platform=headless');
  });
});
