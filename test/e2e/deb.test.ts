import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtPackages, debIn, withVersion } from '../helpers/packages';
import { electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { attachTo, type RunningProgram } from '../helpers/running-program';
import { temporaryFolder } from '../helpers/temp-folder';
import { createFromGallery, typeUntil, waitForScreen, waitForSerial } from '../helpers/ui';
import { type Display, startXvfb } from '../helpers/xvfb';

/** The Debian package, as a person has it: installed by apt, started from the menu, upgraded, removed. */

const execute = promisify(execFile);
const tools = [
  'apt-get',
  'dpkg-deb',
  'lintian',
  'desktop-file-validate',
  'appstreamcli',
  'Xvfb',
  'setpriv',
  'useradd',
];
const missing = tools.filter((tool) => findProgram(tool) === undefined);
const possible =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync('/etc/debian_version') &&
  electronProgram !== undefined &&
  existsSync('resources/guests/starter-linux.iso') &&
  missing.length === 0 &&
  // Somebody's own installation is not for tests.
  !existsSync('/opt/Vivarium');
if (!possible) {
  sayWhySkipped(
    'the Debian package, installed',
    `it takes Debian, root, Electron, Starter Linux and ${missing.join(', ') || 'no Vivarium that is installed already'}`,
  );
}

const desktopFile = '/usr/share/applications/org.vivarium.Vivarium.desktop';
const person = `viv-${process.pid}`;

describe.skipIf(!possible)('the Debian package', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let deb: string;
  let older: string;
  let home: string;
  let display: Display | undefined;
  let running: RunningProgram | undefined;

  async function run(program: string, ...words: string[]): Promise<string> {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
    const { stdout } = await execute(program, words, { env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }

  const apt = (...words: string[]): Promise<string> =>
    run('apt-get', '-o', 'DPkg::Lock::Timeout=120', '--yes', '--quiet', '--no-install-recommends', ...words);

  /** Starts something as the person, with nothing of root's surroundings. */
  function asPerson(program: string, words: readonly string[]) {
    const rights = [`--reuid=${person}`, `--regid=${person}`, '--init-groups', '--reset-env'];
    return spawn('setpriv', [...rights, '--', 'env', `DISPLAY=${display?.name ?? ''}`, program, ...words], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** What the person's command line says, and its status. */
  async function vivarium(
    ...words: string[]
  ): Promise<{ status: number | null; output: string; error: string }> {
    const child = asPerson('/usr/bin/vivarium', words);
    let [output, error] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (error += data.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, output, error };
  }

  /** Starts the program by the command of its desktop file. */
  async function start(): Promise<RunningProgram> {
    const command = /^Exec=(.*)$/m.exec(readFileSync(desktopFile, 'utf8'))?.[1] ?? '';
    const [program = '', ...words] = command.split(' ').filter((word) => !word.startsWith('%'));
    const door = ['--remote-debugging-port=0', '--disable-gpu', '--lang=en-US'];
    return attachTo(asPerson(program, [...words, ...door]));
  }

  beforeAll(async () => {
    folder = await temporaryFolder('deb');
    await chmod(folder.path, 0o755);
    deb = await debIn(await builtPackages());
    // The same program under a lower version.
    const work = path.join(folder.path, 'work');
    await mkdir(work);
    older = path.join(folder.path, 'vivarium-older.deb');
    await rename(await withVersion(deb, '0.0.1', work), older);
    home = path.join(folder.path, 'home');
    await run('useradd', '--create-home', '--home-dir', home, '--shell', '/bin/sh', person);
    display = await startXvfb();
  });

  afterAll(async () => {
    await running?.kill();
    display?.stop();
    await apt('purge', 'vivarium').catch(() => undefined);
    await run('userdel', '--force', person).catch(() => undefined);
    await folder?.remove();
  });

  it('is what Debian, and a desktop, expect of a package', async () => {
    const about = await run('dpkg-deb', '--field', deb, 'Recommends');
    for (const name of ['qemu-system-x86', 'ovmf', 'swtpm']) expect(about).toContain(name);
    // Fails by its status.
    await run('lintian', '--fail-on', 'error', deb);
  });

  it('is installed by apt, and starts from the menu with its sandbox, and runs a machine', async () => {
    await apt('install', older);
    await run('desktop-file-validate', desktopFile);
    await run(
      'appstreamcli',
      'validate',
      '--no-net',
      '/usr/share/metainfo/org.vivarium.Vivarium.metainfo.xml',
    );
    const types = await readFile('/usr/share/mime/globs', 'utf8').catch(() => '');
    if (types !== '') expect(types).toContain('application/x-virtualbox-ova:*.ova');

    running = await start();
    const { manager } = running;
    expect(manager.url()).toMatch(/^app:\/\/vivarium\//);
    expect(await confinedProcesses()).toBeGreaterThan(0);

    const opened = { manager, newWindow: newWindowOf(running) };
    // The embedded engine of the packaged program has a test of its own; this is the computer's QEMU, as the person.
    const engine = findProgram('qemu-system-i386') ? 'qemu' : undefined;
    const page = await createFromGallery(opened, 'starter-linux', 'Kept', engine);
    await waitForScreen(page);
    await waitForSerial(page, /Starter Linux ready/);
    await typeUntil(page, 'echo typed > /dev/ttyS0', /^typed/m);
    await mkdir('test-results/screenshots', { recursive: true });
    await page.screenshot({ path: 'test-results/screenshots/deb-console.png' });
    await manager.screenshot({ path: 'test-results/screenshots/deb-library.png' });
    await running.quit();
    running = undefined;
  });

  it('is upgraded, keeping machines, and is commanded without a display', async () => {
    await apt('install', deb);
    const version = await run('dpkg-query', '--show', '--showformat=${Version}', 'vivarium');
    expect(version).not.toBe('0.0.1');
    expect(await vivarium('--version')).toEqual({ status: 0, output: `${version}\n`, error: '' });
    const { output } = await vivarium('list', '--json');
    expect(JSON.parse(output)).toMatchObject({ name: 'Kept', state: 'off' });
    // What was started for that serves the next command, and ends when it is told to.
    expect(await vivarium('show', 'No such machine')).toMatchObject({ status: 3, output: '' });
    expect(await vivarium('app', 'quit', 'save')).toMatchObject({ status: 0 });
  });

  it('is removed, leaving machines alone', async () => {
    await apt('purge', 'vivarium');
    for (const gone of ['/opt/Vivarium', '/usr/bin/vivarium', desktopFile, '/etc/apparmor.d/vivarium']) {
      expect(existsSync(gone), gone).toBe(false);
    }
    const machines = path.join(home, '.local', 'share', 'vivarium', 'machines');
    expect((await readdir(machines)).filter((name) => name.startsWith('kept-'))).toHaveLength(1);
  });

  /** How many of the person's processes are confined: by a system call filter, in a namespace that is not ours. */
  async function confinedProcesses(): Promise<number> {
    const own = await run('readlink', '/proc/self/ns/pid');
    const found = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map(async (pid) => {
          const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
          if (!command.includes('/opt/Vivarium/vivarium') || !command.includes('--type=renderer'))
            return false;
          const status = await readFile(`/proc/${pid}/status`, 'utf8');
          return /^Seccomp:\t2$/m.test(status) && (await run('readlink', `/proc/${pid}/ns/pid`)) !== own;
        }),
    );
    return found.filter(Boolean).length;
  }
});

/** Does what opens a window of the program, and gives that window. */
function newWindowOf({ manager }: RunningProgram) {
  return async (action: () => Promise<void>) => {
    const opened = manager.context().waitForEvent('page');
    await action();
    return opened;
  };
}
