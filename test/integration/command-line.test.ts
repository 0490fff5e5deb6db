import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exitStatus } from '../../src/main/cli/exit-status';
import { temporaryFolder } from '../helpers/temp-folder';

const cli = resolve('out/main/cli.js');

interface Ran {
  status: number;
  out: string;
  error: string;
}

/** The command line against a program of its own, in the background, with the engine for tests. */
describe('the command line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let data: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder('command-line');
    data = join(folder.path, 'data');
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await run('app', 'quit', 'power-off');
    await expect.poll(() => backgroundPids()).toEqual([]);
    await folder.remove();
  });

  const env = { ...process.env, VIVARIUM_DEVELOPMENT: '1' };
  const run = (...words: string[]): Promise<Ran> =>
    new Promise((resolveRan) => {
      execFile(
        process.execPath,
        [cli, `--data=${data}`, ...words],
        { env, timeout: 60_000 },
        (error, out, stderr) => {
          resolveRan({
            status: error ? Number(error.code ?? -1) : 0,
            out: out.trimEnd(),
            error: stderr.trimEnd(),
          });
        },
      );
    });
  const json = async (...words: string[]): Promise<unknown> => {
    const { out, error, status } = await run('--json', ...words);
    expect([error, status]).toEqual(['', 0]);
    return JSON.parse(out);
  };
  /** The programs in the background that have our data folder. */
  const backgroundPids = (): Promise<string[]> =>
    new Promise((found) => {
      execFile('pgrep', ['-f', `server.js --data=${data}`], (_error, out) =>
        found(out.split('\n').filter(Boolean)),
      );
    });

  const fake = ['machine', 'create', '--engine', 'fake', '--architecture', 'i386', '--guest', 'other'];
  const settings =
    '--memory-mib 64 --cpus 1 --boot disk --firmware bios --acpi --video-memory-mib 16 --serial-ports 1 --no-sound'.split(
      ' ',
    );
  const create = (name: string) => run(...fake, '--name', name, ...settings, '--disk', '{"kind":"none"}');

  it('starts the program where there is none, once, also when two ask at the same moment', async () => {
    const [first, second] = await Promise.all([run('list'), run('list')]);
    expect([first, second]).toEqual([
      { status: 0, out: '', error: '' },
      { status: 0, out: '', error: '' },
    ]);
    expect(await backgroundPids()).toHaveLength(1);
  });

  it('makes, starts and ends a machine that goes on running without it', async () => {
    expect(await create('Alpha')).toMatchObject({ status: 0, error: '' });
    expect((await run('start', 'alpha')).status).toBe(0);
    expect(await json('show', 'Alpha')).toMatchObject({ name: 'Alpha', state: 'running' });
    expect((await run('list')).out).toMatch(/^NAME +STATE .*\nAlpha +running +fake +i386 +64 +[a-z0-9]{16}$/);
    expect((await run('pause', 'Alpha')).status).toBe(0);
    expect((await run('resume', 'Alpha')).status).toBe(0);
    const picture = join(folder.path, 'screen.png');
    expect((await run('screenshot', 'Alpha', '--to', picture)).out).toBe(picture);
    expect((await readFile(picture)).subarray(1, 4).toString()).toBe('PNG');
    expect((await run('save', 'Alpha')).status).toBe(0);
    expect((await run('wait', 'Alpha', '--for', 'saved')).status).toBe(0);
    expect((await run('start', 'Alpha')).status).toBe(0);
    expect((await run('kill', 'Alpha')).status).toBe(0);
    expect((await run('wait', 'Alpha', '--for', 'off', '--timeout', '10')).status).toBe(0);
  });

  it('tells what happens to those who listen', async () => {
    const child = spawn(process.execPath, [cli, `--data=${data}`, 'events', '--only', 'machine.changed'], {
      env,
    });
    children.push(child);
    let heard = '';
    child.stdout.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    // It says nothing until something happens, so that it is asked for until it does.
    await expect
      .poll(
        async () => {
          await run('rename', 'Alpha', 'Beta');
          await run('rename', 'Beta', 'Alpha');
          return heard;
        },
        { interval: 100 },
      )
      .toContain('\n');
    const [first] = heard.split('\n').map((line) => (line ? (JSON.parse(line) as unknown) : undefined));
    expect(first).toMatchObject({ name: 'machine.changed', value: { state: 'off' } });
  });

  it('joins a terminal and the serial port', async () => {
    await run('start', 'Alpha');
    const child = spawn(process.execPath, [cli, `--data=${data}`, 'console', 'Alpha'], { env });
    children.push(child);
    let heard = '';
    child.stdout.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    child.stdin.write('hello\r');
    // The engine for tests echoes what it is sent.
    await expect.poll(() => heard).toContain('hello');
    const ended = new Promise((done) => child.once('exit', done));
    child.stdin.end();
    expect(await ended).toBe(0);
    await run('kill', 'Alpha');
  });

  it.each([
    [['frobnicate'], exitStatus.usage, 'no command'],
    [['machine'], exitStatus.usage, 'goes on with one of'],
    [['list', '--data'], exitStatus.usage, '--data needs a folder'],
    [['start'], exitStatus.usage, 'id is missing'],
    [['start', 'nobody'], exitStatus.notFound, 'no machine “nobody”'],
    [['pause', 'Alpha'], exitStatus.wrongState, 'Alpha'],
    [['machine', 'configure', 'Alpha', '--memory-mib', '0'], exitStatus.refused, 'memoryMiB'],
    [['machine', 'insert-medium', 'Alpha', 'cd7', '--path', '/nowhere.iso'], 'some', ''],
    [['wait', 'Alpha', '--for', 'running', '--timeout', '1'], exitStatus.timeout, 'after 1 seconds'],
    [['create', 'X', '--image', '/nowhere.iso'], exitStatus.notFound, '/nowhere.iso'],
    [['create', 'X', '--gallery', 'no-such'], exitStatus.notFound, 'no-such'],
  ] as const)('says what is wrong with %j', async (words, status, part) => {
    const ran = await run(...words);
    if (status === 'some') expect(ran.status).toBeGreaterThan(2);
    else expect(ran.status).toBe(status);
    expect(ran.error).toContain(part);
    expect(ran.out).toBe('');
    // For programs the same as a value.
    if (ran.status !== 2) {
      const { error } = await run('--json', ...words);
      expect(JSON.parse(error)).toMatchObject({ error: { code: expect.any(String) as string } });
    }
  });

  it('finds the program again after it was killed, and what ran is told', async () => {
    await run('start', 'Alpha');
    for (const pid of await backgroundPids()) process.kill(Number(pid), 'SIGKILL');
    await expect.poll(async () => (await backgroundPids()).length).toBe(0);
    expect(await json('show', 'Alpha')).toMatchObject({ name: 'Alpha', state: 'off' });
    expect(await backgroundPids()).toHaveLength(1);
  });

  it('leaves nothing where it only explains itself', async () => {
    const elsewhere = join(folder.path, 'never-made');
    const { status, out } = await run(`--data=${elsewhere}`, 'help', 'create');
    expect(status).toBe(0);
    expect(out).toContain('--gallery');
    expect(existsSync(elsewhere)).toBe(false);
  });
});
