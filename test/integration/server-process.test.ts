import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { selftestResult } from '@shared/ipc/contract';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  temporaryFolder,
  testCore,
} from '../helpers/core';

let built: BuiltMain;
let dataFolder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  built = await buildMain({
    server: 'src/main/server/entry.ts',
    selftest: 'src/main/cli/selftest.ts',
    'machine-process': 'src/main/processes/machine/main.ts',
    'worker-process': 'src/main/processes/worker/main.ts',
  });
});
afterAll(() => built?.remove());
beforeEach(async () => {
  dataFolder = await temporaryFolder();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(dataFolder, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  /** Resolves to what was printed until now, once it contains `text`. */
  printed(text: string): Promise<string>;
  exit: Promise<number | null>;
}

function run(entry: 'server' | 'selftest', args: string[]): Running {
  const child = spawn(process.execPath, [join(built.folder, `${entry}.js`), ...args], {
    env: { ...process.env, VIVARIUM_DEVELOPMENT: '1', VIVARIUM_DATA: dataFolder },
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => (output += data.toString()));
  const exit = once(child, 'close').then(() => child.exitCode);
  return {
    child,
    exit,
    async printed(text) {
      await expect.poll(() => output).toContain(text);
      return output;
    },
  };
}

it('prints one line with the address, and saves what runs when it is asked to end', async () => {
  const core = await testCore(built.folder, dataFolder);
  const id = await createMachine(core, fakeSpec('Kept'));
  const { folder } = core.machines.get(id);
  await core.shutdown('power-off');

  const { child, printed, exit } = run('server', ['--port', '0']);
  const output = await printed('?token=');
  expect(output).toMatch(/^Vivarium is at http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/);
  const address = new URL(/http\S+/.exec(output)?.[0] ?? '');
  const entry = await fetch(address, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const socket = new WebSocket(`ws://${address.host}/rpc`, { headers: { cookie, origin: address.origin } });
  await once(socket, 'open');
  const answer = new Promise<string>((resolve) =>
    socket.on('message', (data) => String(data).includes('"result"') && resolve(String(data))),
  );
  socket.send(JSON.stringify({ kind: 'call', id: 1, name: 'machine.start', params: { id } }));
  expect(await answer).toContain('"running"');
  child.kill('SIGTERM');
  // The terminal and a parent may both say so.
  child.kill('SIGINT');
  expect(await exit).toBe(0);
  expect(await readdir(join(folder, 'saved'))).toContain('state.viv');
});

it('tells a second start where the first is', async () => {
  const first = run('server', []);
  const address = /http\S+/.exec(await first.printed('?token='))?.[0] ?? 'none';
  const second = run('server', []);
  const told = /http\S+/.exec(await second.printed('runs already'))?.[0] ?? 'none';
  expect(new URL(told).origin).toBe(new URL(address).origin);
  expect((await fetch(told, { redirect: 'manual' })).headers.get('set-cookie')).toMatch(/^vivarium-\d+=/);
  expect(await second.exit).toBe(0);
  // A killed holder keeps nobody out.
  first.child.kill('SIGKILL');
  await first.exit;
  const third = run('server', []);
  await third.printed('?token=');
  third.child.kill('SIGINT');
  expect(await third.exit).toBe(0);
});

it('says what is wrong with its arguments', async () => {
  for (const args of [['--port', 'x'], ['--port', '70000'], ['--nonsense']]) {
    expect(await run('server', args).exit).toBe(2);
  }
  expect(await run('selftest', ['boot', '--nonsense']).exit).toBe(2);
  expect(await run('selftest', []).exit).toBe(2);
});

it('ends the machines when it is killed', async () => {
  const core = await testCore(built.folder, dataFolder);
  const id = await createMachine(core, fakeSpec('Orphan'));
  const { folder } = core.machines.get(id);
  await core.shutdown('power-off');
  const { child, printed, exit } = run('server', []);
  const address = new URL(/http\S+/.exec(await printed('?token='))?.[0] ?? '');
  const entry = await fetch(address, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const socket = new WebSocket(`ws://${address.host}/rpc`, { headers: { cookie, origin: address.origin } });
  await once(socket, 'open');
  const pid = new Promise<number>((resolve) =>
    socket.on('message', (data) => {
      const found = /"kind":"result".*"pid":(\d+)/.exec(String(data));
      if (found) resolve(Number(found[1]));
    }),
  );
  socket.on('error', () => {});
  socket.send(JSON.stringify({ kind: 'call', id: 1, name: 'machine.start', params: { id } }));
  const machinePid = await pid;
  child.kill('SIGKILL');
  await exit;
  const isAlive = (): boolean => {
    try {
      process.kill(machinePid, 0);
      return true;
    } catch {
      return false;
    }
  };
  await expect.poll(isAlive).toBe(false);
  // The machine is whole, and starts again.
  const again = await testCore(built.folder, dataFolder);
  expect(again.machines.get(id)).toMatchObject({ folder, state: 'off', inaccessible: false });
  expect((await again.handlers['machine.start']({ id })).state).toBe('running');
  await again.shutdown('power-off');
});

it('tests itself from the command line', async () => {
  const good = run('selftest', ['boot', '--engine', 'fake']);
  expect(await good.exit).toBe(0);
  const lines = (await good.printed('')).trim().split('\n');
  expect(lines).toHaveLength(1);
  const result = selftestResult.parse(JSON.parse(lines[0] ?? ''));
  expect(result).toMatchObject({ ok: true, engine: 'fake' });
  expect(result.shellMs).toBeGreaterThan(0);

  const bad = run('selftest', ['boot', '--engine', 'no-such-engine']);
  expect(await bad.exit).toBe(1);
  expect(JSON.parse(await bad.printed(''))).toMatchObject({ ok: false, error: { code: 'engine.not-found' } });
  expect(await readFile(join(dataFolder, 'library.json'), 'utf8').catch(() => 'none')).toBe('none');
});
