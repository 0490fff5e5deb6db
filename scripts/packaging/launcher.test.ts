import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/helpers/temp-folder';

const run = promisify(execFile);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** The command of each system, as a link from elsewhere leads to it. */
const commands = { linux: '', mac: '' };

beforeEach(async () => {
  folder = await temporaryFolder('launcher');
  const said = '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\n';
  const install = async (script: string, at: string, program: string): Promise<string> => {
    const command = path.join(folder.path, at);
    await mkdir(path.dirname(command), { recursive: true });
    await copyFile(script, command);
    await mkdir(path.join(folder.path, path.dirname(program)), { recursive: true });
    await writeFile(path.join(folder.path, program), said, { mode: 0o755 });
    const link = path.join(folder.path, at.replace(/\W/g, '-'));
    await symlink(command, link);
    return link;
  };
  commands.linux = await install('resources/bin/vivarium.sh', 'a b/bin/vivarium', 'a b/vivarium');
  const contents = 'a b/Vivarium.app/Contents';
  const mac = `${contents}/Resources/bin/vivarium`;
  commands.mac = await install('resources/bin/vivarium.sh', mac, `${contents}/MacOS/Vivarium`);
  // What opens apps on a Mac: it has the app's folder and its words.
  await writeFile(path.join(folder.path, 'open'), said, { mode: 0o755 });
});
afterEach(() => folder.remove());

/** The words that the program gets. */
async function given(system: keyof typeof commands, ...words: string[]): Promise<string[]> {
  const env = { ...process.env, PATH: `${folder.path}:${process.env['PATH'] ?? ''}` };
  const got = (await run(commands[system], words, { env })).stdout.split('\n').filter(Boolean);
  return got[0] === '-a' ? got.slice(got.indexOf('--args') + 1) : got;
}

describe.skipIf(process.platform === 'win32').each(['linux', 'mac'] as const)(
  'the command on %s',
  (system) => {
    it.each([
      [],
      ['--no-sandbox'],
      ['--data', 'folder'],
      ['--data=folder'],
      ['vivarium://open/4711'],
      ['/home/somebody/system.iso'],
      ['disk.ova'],
    ])('opens the app: %j %j', async (...words) => {
      expect(await given(system, ...words)).toEqual(words);
    });

    it.each([
      ['list'],
      ['--json', 'list'],
      ['--data', 'some folder', 'start', 'My machine'],
      ['--data=/some/folder', 'list'],
      ['--help'],
      ['create', '--name', 'a b', '$(touch x)'],
    ])('carries out a command: %j', async (...words) => {
      const got = await given(system, ...words);
      expect(got.slice(got.indexOf('--command-line'))).toEqual(['--command-line', '--', ...words]);
      if (system === 'linux') expect(got[0]).toBe('--ozone-platform=headless');
    });
  },
);
