import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exitStatus } from '../../src/main/cli/exit-status';
import { socketAddress } from '../../src/main/platform/paths';
import { type CommandLine, commandLine, type Ran } from '../helpers/command-line';
import { sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

// Built by npm from its sources where there is a compiler, and left out where there is none.
const pty = await import('node-pty').catch(() => undefined);
if (!pty) sayWhySkipped('the command line in a terminal', 'node-pty is not installed');

/** The command line against a program of its own, in the background, with the engine for tests. */
describe('the command line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let data: string;
  let cli: CommandLine;
  const children: ChildProcess[] = [];
  const run = (...words: string[]): Promise<Ran> => cli.run(...words);

  beforeAll(async () => {
    folder = await temporaryFolder('command-line');
    data = join(folder.path, 'data');
    cli = commandLine(data);
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await cli.end();
    await folder.remove();
  });

  const start = (...words: string[]): ChildProcess => {
    const child = spawn(process.execPath, [...cli.words, ...words], { env: cli.env });
    children.push(child);
    return child;
  };
  const heardFrom = (child: ChildProcess): (() => string) => {
    let heard = '';
    child.stdout?.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    return () => heard;
  };
  const settings =
    '--memory-mib 64 --cpus 1 --boot disk --firmware bios --acpi --video-memory-mib 16 --serial-ports 1 --no-sound'.split(
      ' ',
    );
  const create = (name: string): Promise<Ran> =>
    run(
      ...['machine', 'create', '--engine', 'fake', '--architecture', 'i386', '--guest', 'other'],
      ...['--name', name, ...settings, '--disk', '{"kind":"none"}'],
    );

  it('starts the program where there is none, once, also when two ask at the same moment', async () => {
    const [first, second] = await Promise.all([run('list'), run('list')]);
    expect([first, second]).toEqual([
      { status: 0, out: '', error: '' },
      { status: 0, out: '', error: '' },
    ]);
    expect(await cli.backgroundPids()).toHaveLength(1);
  });

  it('makes, starts and ends a machine that goes on running without it', async () => {
    expect(await create('Alpha')).toMatchObject({ status: 0, error: '' });
    expect(await run('start', 'alpha')).toEqual({ status: 0, out: 'Alpha: running', error: '' });
    expect(await cli.json('show', 'Alpha')).toMatchObject({ name: 'Alpha', state: 'running' });
    expect((await run('list')).out).toMatch(/^NAME +STATE .*\nAlpha +running +fake +i386 +64 +[a-z0-9]{16}$/);
    expect((await run('pause', 'Alpha')).status).toBe(0);
    expect((await run('resume', 'Alpha')).status).toBe(0);
    const picture = join(folder.path, 'screen.png');
    expect((await run('screenshot', 'Alpha', '--to', picture)).out).toBe(picture);
    expect((await readFile(picture)).subarray(1, 4).toString()).toBe('PNG');
    expect((await run('type', 'Alpha', 'hello')).status).toBe(0);
    expect((await run('save', 'Alpha')).status).toBe(0);
    expect((await run('wait', 'Alpha', '--for', 'saved')).status).toBe(0);
    expect((await run('start', 'Alpha')).status).toBe(0);
    expect((await run('kill', 'Alpha')).status).toBe(0);
    expect((await run('wait', 'Alpha', '--for', 'off', '--timeout', '10')).status).toBe(0);
  });

  it('prints JSON that programs rely on', async () => {
    const shapes = {
      'app info': await cli.json('app', 'info'),
      show: await cli.json('show', 'Alpha'),
      'forward list': (await run('forward', 'list', '--json')).out,
      'snapshot take': await cli.json('snapshot', 'take', 'Alpha', '--name', 'one'),
      'snapshot list': await cli.json('snapshot', 'list', 'Alpha'),
      'disk add': await cli.json('disk', 'add', 'Alpha', '--size-mib', '8'),
      'network get': await cli.json('network', 'get', 'nat'),
      clone: await cli.json('clone', 'Alpha', 'Copy', 'full'),
      'preferences get': await cli.json('preferences', 'get'),
    };
    await expect(`${JSON.stringify(shapes, hideChance(folder.path), 2)}\n`).toMatchFileSnapshot(
      '../golden/command-line.json',
    );
    // A list is a line for each of its entries.
    const lines = (await run('list', '--json')).out.split('\n').map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([{ name: 'Alpha' }, { name: 'Copy' }]);
    expect((await run('delete', 'Copy', 'erase')).status).toBe(0);
  });

  it('tells what happens to those who listen', async () => {
    const heard = heardFrom(start('events', '--only', 'machine.changed'));
    // It says nothing until something happens, so that it is asked for until it does.
    await expect
      .poll(
        async () => {
          await run('rename', 'Alpha', 'Beta');
          await run('rename', 'Beta', 'Alpha');
          return heard();
        },
        { timeout: 20_000, interval: 100 },
      )
      .toContain('\n');
    const [first] = heard()
      .split('\n')
      .map((line) => (line ? (JSON.parse(line) as unknown) : undefined));
    expect(first).toMatchObject({ name: 'machine.changed', value: { state: 'off' } });
  });

  it('follows the log of a machine', async () => {
    expect((await run('logs', 'Alpha')).out).toMatch(/^\d{4}-/);
    const child = start('logs', 'Alpha', '--follow', '--json');
    const heard = heardFrom(child);
    await expect.poll(heard, { timeout: 20_000 }).toContain('\n');
    const before = heard().split('\n').length;
    await run('start', 'Alpha');
    await run('kill', 'Alpha');
    await expect.poll(() => heard().split('\n').length).toBeGreaterThan(before + 1);
    for (const line of heard().trim().split('\n')) expect(JSON.parse(line)).toBeTypeOf('string');
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  it('joins a pipe and the serial port', async () => {
    await run('start', 'Alpha');
    const child = start('console', 'Alpha');
    const heard = heardFrom(child);
    child.stdin?.write('hello\r');
    // The engine for tests echoes what it is sent.
    await expect.poll(heard).toContain('hello');
    const ended = new Promise((done) => child.once('exit', done));
    child.stdin?.end();
    expect(await ended).toBe(0);
    await run('kill', 'Alpha');
  });

  it.skipIf(!pty)('joins a terminal and the serial port, and leaves the terminal as it was', async () => {
    await run('start', 'Alpha');
    const script = 'stty -g; "$@"; echo "status $?"; stty -g';
    const words = ['-c', script, 'sh', process.execPath, ...cli.words, 'console', 'Alpha', '--serial'];
    const terminal = pty?.spawn('/bin/sh', words, { env: cli.env, cols: 80, rows: 24 });
    let shown = '';
    terminal?.onData((text) => (shown += text));
    const ended = new Promise((done) => terminal?.onExit(done));
    await expect.poll(() => shown, { timeout: 20_000 }).toContain('Ctrl+] leaves');
    // Raw: Ctrl+C is the guest's, and nothing is echoed by the terminal itself.
    terminal?.write('\x03hello\r');
    await expect.poll(() => shown).toContain('hello');
    terminal?.write('\x1d');
    await ended;
    const lines = shown.split(/\r?\n/).filter((line) => line !== '');
    expect(shown).toMatch(/Left; the machine runs on\.\s+status 0/);
    expect(lines.at(-1)).toBe(lines[0]);
    expect(await cli.json('show', 'Alpha')).toMatchObject({ state: 'running' });
    await run('kill', 'Alpha');
  });

  it.each([
    [['frobnicate'], exitStatus.usage, 'no command'],
    [['machine'], exitStatus.usage, 'goes on with one of'],
    [['list', '--data'], exitStatus.usage, '--data needs a folder'],
    [['start'], exitStatus.usage, 'MACHINE is missing'],
    [['ssh', 'Alpha', '--user', '-oProxyCommand=x'], exitStatus.usage, ''],
    [['exec', 'Alpha'], exitStatus.usage, 'after “--”'],
    [['events', '--only', 'x'], exitStatus.usage, 'no event “x”'],
    [['start', 'nobody'], exitStatus.notFound, 'no machine “nobody”'],
    [['forward', 'remove', 'none'], exitStatus.notFound, 'no forward “none”'],
    [['pause', 'Alpha'], exitStatus.wrongState, 'Alpha'],
    [['exec', 'Alpha', '--', 'true'], exitStatus.wrongState, 'Alpha'],
    [['ssh', 'Alpha'], exitStatus.wrongState, 'Alpha'],
    [['capture', 'start', 'nat'], exitStatus.wrongState, 'NAT'],
    [['machine', 'configure', 'Alpha', '--memory-mib', '0'], exitStatus.refused, 'memoryMiB'],
    [['wait', 'Alpha', '--for', 'running', '--timeout', '1'], exitStatus.timeout, 'after 1 seconds'],
    [['create', 'X', '--image', '/nowhere.iso'], exitStatus.notFound, '/nowhere.iso'],
    [['create', 'X', '--gallery', 'no-such'], exitStatus.notFound, 'no-such'],
    [['create', 'X', '--gallery', 'debian-i386', '--engine', 'none'], exitStatus.failed, ''],
    [['machine', 'show-in-folder', 'Alpha'], exitStatus.unavailable, 'file manager'],
  ] as const)('says what is wrong with %j', async (words, status, part) => {
    const ran = await run(...words);
    expect([ran.status, ran.error]).toEqual([status, expect.stringContaining(part)]);
    expect(ran.out).toBe('');
  });

  it('says it to programs as a value', async () => {
    const { error, status } = await run('--json', 'start', 'nobody');
    expect(status).toBe(exitStatus.notFound);
    expect(JSON.parse(error)).toEqual({
      error: { code: 'machine.not-found', message: 'There is no machine “nobody”.' },
    });
    const nonsense = await run('--json', 'start');
    expect(nonsense.status).toBe(exitStatus.usage);
    expect(JSON.parse(nonsense.error)).toMatchObject({ error: { code: 'input.invalid' } });
  });

  it('says that an image is damaged, and that a task was cancelled, by its status', async () => {
    const image = join(folder.path, 'torn.qcow2');
    await writeFile(
      image,
      Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(600, 0xff)]),
    );
    const torn = await run('disk', 'export', image, join(folder.path, 'out.raw'), 'raw');
    expect([torn.status, torn.out]).toEqual([exitStatus.corrupt, '']);
    // Ctrl+C cancels what it waits for.
    const long = start('selftest', 'v86');
    let said = '';
    long.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = new Promise((done) => long.once('exit', done));
    await expect
      .poll(async () => (await run('job', 'list', '--json')).out)
      .toMatch(/"kind":"selftest".*"state":"running"/);
    long.kill('SIGINT');
    expect([await ended, said]).toEqual([exitStatus.cancelled, expect.stringContaining('ancel') as string]);
  });

  it('finds the program again after it was killed, and what ran is told', async () => {
    await run('start', 'Alpha');
    for (const pid of await cli.backgroundPids()) process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await cli.backgroundPids()).length).toBe(0);
    // Its socket is still there, and nobody listens.
    expect(existsSync(await socketAddress(data))).toBe(process.platform !== 'win32');
    expect(await cli.json('show', 'Alpha')).toMatchObject({ name: 'Alpha', state: 'off' });
    expect(await cli.backgroundPids()).toHaveLength(1);
  });

  it('serves a browser in the foreground, in place of a program that has nothing to do', async () => {
    const [idle] = await cli.backgroundPids();
    const child = start('serve', '--json');
    const heard = heardFrom(child);
    await expect.poll(heard).toMatch(/^\{"address":"http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+"\}\n$/);
    expect(await cli.backgroundPids()).not.toContain(idle);
    // Commands work on that one, and without a desktop its address is told.
    expect(await cli.json('show', 'Alpha')).toMatchObject({ name: 'Alpha' });
    const { address } = JSON.parse(heard()) as { address: string };
    // Another key each time, for one browser.
    const { origin } = new URL(address);
    const shown = (await cli.json('open')) as { address: string };
    expect(shown).toMatchObject({ address: expect.stringContaining(`${origin}/?token=`), opened: false });
    expect(shown.address).not.toBe(address);
    const { out } = await run('open', 'Alpha');
    expect(out).toMatch(/&machine=[a-z0-9]{16}$/);
    expect(new URL(out).origin).toBe(origin);
    const page = await fetch(out, { redirect: 'manual' });
    expect(page.headers.get('location')).toMatch(/^\/console\.html\?machine=[a-z0-9]{16}$/);
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('does not speak with a program of another version, unless that makes way', async () => {
    const elsewhere = join(folder.path, 'other-version');
    const greeting = { shell: 'electron', address: null, version: '0.0.1' };
    let makesWay = false;
    const other: Server = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', (word) => {
        const yields = String(word) === 'yield\n';
        socket.end(`${JSON.stringify(yields ? { yields: makesWay } : greeting)}\n`);
        if (yields && makesWay) other.close();
      });
    });
    const address = await socketAddress(elsewhere);
    await new Promise<void>((listening) => other.listen(address, listening));
    const refused = await run(`--data=${elsewhere}`, 'list');
    expect(refused.status).toBe(exitStatus.wrongState);
    expect(refused.error).toMatch(/Vivarium 0\.0\.1 has this data folder.*\n.*app quit save/);
    makesWay = true;
    expect(await run(`--data=${elsewhere}`, 'list')).toEqual({ status: 0, out: '', error: '' });
    await run(`--data=${elsewhere}`, 'app', 'quit', 'power-off');
  });

  it('leaves nothing where it only explains itself', async () => {
    const elsewhere = join(folder.path, 'never-made');
    const { status, out } = await run(`--data=${elsewhere}`, 'help', 'create');
    expect(status).toBe(0);
    expect(out).toContain('--gallery');
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('completes commands in bash', async () => {
    const { out: script } = await run('completion', 'bash');
    const complete = async (...words: string[]): Promise<string[]> => {
      const own = [process.execPath, ...cli.words].map((word) => `'${word}'`).join(' ');
      const line = `vivarium() { ${own} "$@"; }\n${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _vivarium; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await promisify(execFile)('bash', ['-c', line]);
      return stdout.trim().split('\n');
    };
    expect(await complete('vivarium', 'st')).toEqual(['start', 'stop']);
    expect(await complete('vivarium', 'forward', '')).toEqual(['list', 'add', 'remove']);
    expect(await complete('vivarium', 'forward', 'add', '--')).toEqual(['--udp', '--network']);
    expect(await complete('vivarium', 'snapshot', 'take', 'Alpha', '--m')).toEqual(['--memory']);
    // Names of machines, where one is wanted; as a shell wants them, and without a program being started for it.
    await run('clone', 'Alpha', 'Alpha’s copy', 'full');
    await cli.end();
    expect(await complete('vivarium', 'start', 'A')).toEqual(['Alpha', expect.stringContaining('copy')]);
    expect(await complete('vivarium', 'machine', 'rename', 'Alpha')).toHaveLength(2);
    expect(await complete('vivarium', 'start', 'Alpha', 'A')).toEqual(['']);
    expect(await cli.backgroundPids()).toEqual([]);
    expect((await run('delete', 'Alpha’s copy', 'erase')).status).toBe(0);
  });
});

/** Hides what is different every time, or on every computer, so that what is the same can be compared. */
function hideChance(folder: string): (key: string, value: unknown) => unknown {
  return (key, value) => {
    const isChance =
      (typeof value === 'number' && /bytes$/i.test(key)) ||
      ['version', 'platform', 'canTrash', 'subnet', 'prefix'].includes(key);
    if (isChance) return `<${key}>`;
    if (typeof value !== 'string') return value;
    return value
      .replaceAll(folder, '<folder>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/\b[a-z0-9]{16}\b/g, '<id>')
      .replace(/-[a-z0-9]{8}(?=\/|$)/g, '-<id>');
  };
}
