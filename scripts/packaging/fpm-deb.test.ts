import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, sayWhySkipped } from '../../test/helpers/programs';
import { temporaryFolder } from '../../test/helpers/temp-folder';

const run = promisify(execFile);
const possible = findProgram('dpkg-deb') !== undefined;
if (!possible) sayWhySkipped('making a deb', 'dpkg-deb is missing');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('fpm-deb');
});
afterEach(() => folder.remove());

const fpm = (...words: string[]) => run(process.execPath, ['scripts/packaging/fpm-deb.mjs', ...words]);

describe.skipIf(!possible)('the deb', () => {
  it('holds files with their modes and links, what it depends on, and scripts that dpkg runs', async () => {
    const app = path.join(folder.path, 'app');
    await mkdir(path.join(app, 'lib'), { recursive: true });
    await writeFile(path.join(app, 'program'), '#!/bin/sh\n');
    await chmod(path.join(app, 'program'), 0o700);
    await writeFile(path.join(app, 'lib', 'it.so'), 'x'.repeat(5000));
    await chmod(path.join(app, 'lib', 'it.so'), 0o777);
    await symlink('/opt/App/program', path.join(app, 'link'));
    const script = path.join(folder.path, 'script');
    await writeFile(script, '#!/bin/sh\nexit 0\n');
    const deb = path.join(folder.path, 'app.deb');
    await fpm(
      ...['-s', 'dir', '--force', '-t', 'deb', '-d', 'libc6 (>= 2.28)', '-d', 'libnss3'],
      ...['--deb-recommends', 'qemu', '--deb-compression', 'none', '--architecture', 'amd64'],
      ...['--after-install', script, '--after-remove', script, '--name', 'app', '--version', '1.2~beta'],
      ...['--description', `A synopsis\n ${'many words '.repeat(20)}`, '--url', 'https://vivarium.invalid'],
      ...['--maintainer', 'Somebody <somebody@example.org>', '--package', deb],
      ...[`${app}/=/opt/App`, `${script}=/usr/share/doc/app/copyright`],
    );
    const { stdout: control } = await run('dpkg-deb', ['--field', deb]);
    expect(control).toContain('Depends: libc6 (>= 2.28), libnss3\nRecommends: qemu\n');
    expect(control).toContain('Version: 1.2~beta\n');
    expect(control).toMatch(/^Description: A synopsis\n( many words.{0,70}\n)+$/m);
    expect(control).not.toContain('invalid');
    const { stdout: files } = await run('dpkg-deb', ['--contents', deb]);
    expect(files).toMatch(/^-rwxr-xr-x root\/root .* \.\/opt\/App\/program$/m);
    expect(files).toMatch(/^-rw-r--r-- root\/root .* \.\/opt\/App\/lib\/it\.so$/m);
    expect(files).toMatch(/^lrwxrwxrwx .* \.\/opt\/App\/link -> \/opt\/App\/program$/m);
    expect(files).toMatch(/^drwxr-xr-x root\/root .* \.\/opt\/App\/lib\/$/m);
    const { stdout: scripts } = await run('dpkg-deb', ['--ctrl-tarfile', deb], { encoding: 'latin1' });
    for (const name of ['./postinst', './postrm', './md5sums']) expect(scripts).toContain(name);
  });

  it('refuses what it does not know', async () => {
    await expect(fpm('-s', 'dir', '-t', 'rpm')).rejects.toThrow('Only -s dir -t deb');
    await expect(fpm('-s', 'dir', '-t', 'deb', '--deb-systemd', 'x')).rejects.toThrow('deb-systemd');
  });
});
