import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findProgram, sayWhySkipped } from '../../../test/helpers/programs';
import { temporaryFolder } from '../../../test/helpers/temp-folder';

const run = promisify(execFile);
const tools = { deb: 'dpkg-deb', rpm: 'rpmbuild', pacman: 'bsdtar' };
const possible = (kind: keyof typeof tools): boolean => {
  const there = findProgram(tools[kind]) !== undefined;
  if (!there) sayWhySkipped(`making a package: ${kind}`, `${tools[kind]} is missing`);
  return there;
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('fpm');
});
afterEach(() => folder.remove());

const fpm = (...words: string[]) => run(process.execPath, ['scripts/packaging/fpm/fpm.mjs', ...words]);

/** A small program with what packages have to take care of: modes, a link, scripts that say what they were told. */
async function program(...depends: string[]) {
  const app = path.join(folder.path, 'app');
  await mkdir(path.join(app, 'lib'), { recursive: true });
  await writeFile(path.join(app, 'program'), '#!/bin/sh\n');
  await chmod(path.join(app, 'program'), 0o700);
  await writeFile(path.join(app, 'lib', 'it.so'), 'x'.repeat(5000));
  await chmod(path.join(app, 'lib', 'it.so'), 0o777);
  await writeFile(path.join(app, 'lib', 'a name with spaces.txt'), '100 %');
  await symlink('/opt/App/program', path.join(app, 'link'));
  const script = path.join(folder.path, 'script');
  await writeFile(script, '#!/bin/sh\nset -e\necho "100 % ${1-}"\nexit 0\n');
  const made = path.join(folder.path, 'app.package');
  return {
    made,
    common: [
      ...['-s', 'dir', '--force', ...depends.flatMap((one) => ['-d', one])],
      ...['--after-install', script, '--after-remove', script, '--name', 'app', '--version', '1.2~beta'],
      ...['--description', `A synopsis\n ${'many words '.repeat(20)}`, '--url', 'https://vivarium.invalid'],
      ...['--maintainer', 'Somebody <somebody@example.org>', '--license', 'MIT', '--package', made],
    ],
    mappings: [`${app}/=/opt/App`, `${script}=/usr/share/doc/app/copyright`],
  };
}

it.skipIf(!possible('deb'))('a deb holds files, what it depends on, and scripts that dpkg runs', async () => {
  const { made, common, mappings } = await program('libc6 (>= 2.28)', 'libnss3');
  const own = ['--deb-recommends', 'qemu', '--deb-compression', 'none', '--architecture', 'amd64'];
  await fpm('-t', 'deb', ...common, ...own, ...mappings);
  const { stdout: control } = await run('dpkg-deb', ['--field', made]);
  expect(control).toContain('Depends: libc6 (>= 2.28), libnss3\nRecommends: qemu\n');
  expect(control).toContain('Version: 1.2~beta\n');
  expect(control).toMatch(/^Description: A synopsis\n( many words.{0,70}\n)+$/m);
  expect(control).not.toContain('invalid');
  const { stdout: files } = await run('dpkg-deb', ['--contents', made]);
  expect(files).toMatch(/^-rwxr-xr-x root\/root .* \.\/opt\/App\/program$/m);
  expect(files).toMatch(/^-rw-r--r-- root\/root .* \.\/opt\/App\/lib\/it\.so$/m);
  expect(files).toMatch(/^lrwxrwxrwx .* \.\/opt\/App\/link -> \/opt\/App\/program$/m);
  expect(files).toMatch(/^drwxr-xr-x root\/root .* \.\/opt\/App\/lib\/$/m);
  const { stdout: scripts } = await run('dpkg-deb', ['--ctrl-tarfile', made], { encoding: 'latin1' });
  for (const name of ['./postinst', './postrm', './md5sums']) expect(scripts).toContain(name);
});

it.skipIf(!possible('rpm'))('an rpm holds the same, and no folder of the system', async () => {
  const { made, common, mappings } = await program('gtk3', '(libXtst or libXtst6)');
  const own = ['--rpm-summary', 'In 100 % of words', '--rpm-tag', 'Recommends: qemu', '--rpm-os', 'linux'];
  const more = [
    '--rpm-compression',
    'xzmt',
    '--architecture',
    'amd64',
    '--category',
    'Applications/Emulators',
  ];
  await fpm('-t', 'rpm', ...common, ...own, ...more, ...mappings);
  const asked = async (...words: string[]): Promise<string> =>
    (await run('rpm', ['-qp', '--nosignature', ...words, made])).stdout;
  expect(await asked('--qf', '%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{SUMMARY}|%{URL}')).toBe(
    'app 1.2~beta 1 x86_64 In 100 % of words|(none)',
  );
  const requires = (await asked('--requires'))
    .split('\n')
    .filter((line) => line && !line.startsWith('rpmlib'));
  expect(requires).toEqual(expect.arrayContaining(['gtk3', '(libXtst or libXtst6)']));
  expect((await asked('--recommends')).trim()).toBe('qemu');
  expect(
    (await asked('--qf', '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]')).trim().split('\n'),
  ).toEqual([
    'drwxr-xr-x root /opt/App',
    'drwxr-xr-x root /opt/App/lib',
    '-rw-r--r-- root /opt/App/lib/a name with spaces.txt',
    '-rw-r--r-- root /opt/App/lib/it.so',
    'lrwxrwxrwx root /opt/App/link',
    '-rwxr-xr-x root /opt/App/program',
    '-rw-r--r-- root /usr/share/doc/app/copyright',
  ]);
  const scripts = await asked('--scripts');
  expect(scripts.match(/^echo "100 % \$\{1-\}"$/gm)).toHaveLength(2);
  expect(scripts).toMatch(/postinstall scriptlet \(using \/bin\/sh\)[^]*postuninstall scriptlet/);
});

it.skipIf(!possible('pacman'))(
  'a package for pacman holds the same, and its scripts hear what is done',
  async () => {
    const { made, common, mappings } = await program('gtk3', 'nss');
    const own = ['--pacman-optional-depends', 'qemu-desktop', '--pacman-compression', 'xz'];
    await fpm('-t', 'pacman', ...common, ...own, '--architecture', 'amd64', ...mappings);
    const { stdout: files } = await run('bsdtar', ['-tvf', made]);
    expect(files).toMatch(/^-rwxr-xr-x .* root +root .* opt\/App\/program$/m);
    expect(files).toMatch(/^lrwxrwxrwx .* opt\/App\/link -> \/opt\/App\/program$/m);
    const content = async (name: string): Promise<string> =>
      (await run('bsdtar', ['-xOf', made, name])).stdout;
    const info = await content('.PKGINFO');
    for (const line of [
      'pkgver = 1.2~beta-1',
      'arch = x86_64',
      'pkgdesc = A synopsis',
      'depend = nss',
      'optdepend = qemu-desktop',
    ]) {
      expect(info.split('\n')).toContain(line);
    }
    expect(info).not.toContain('invalid');
    await run('bsdtar', ['-xf', made, '-C', folder.path, '.MTREE']);
    const { stdout: tree } = await run('bsdtar', ['-tf', path.join(folder.path, '.MTREE')]);
    expect(tree).toContain('opt/App/lib/it.so');
    const install = path.join(folder.path, 'install.sh');
    await writeFile(install, await content('.INSTALL'));
    const said = async (what: string): Promise<string> =>
      (await run('sh', ['-c', `. ${install}; ${what} 2.0-1 1.0-1; echo and goes on`])).stdout;
    expect(await said('post_remove')).toBe('100 % remove\nand goes on\n');
    expect(await said('post_upgrade')).toBe('100 % configure\nand goes on\n');
  },
);

it('refuses what it does not know', async () => {
  await expect(fpm('-s', 'dir', '-t', 'snap')).rejects.toThrow('Only -s dir -t deb|rpm|pacman');
  await expect(fpm('-s', 'dir', '-t', 'deb', '--deb-systemd', 'x')).rejects.toThrow('deb-systemd');
});
