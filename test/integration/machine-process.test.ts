import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorValue, Failure } from '@shared/errors';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import {
  type LaunchPaths,
  machineProcessCommands,
  type MachineProcessCommands,
  machineProcessEvents,
  type MachineProcessEvents,
} from '@shared/ipc/machine-process';
import { rpcClient, type RpcClient } from '@shared/ipc/rpc';
import type { MachineConfig } from '@shared/machine/config';
import { readHeader } from '../../src/main/disks/saved-state/reader';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess } from '../../src/main/platform/process-host';
import { ModelClient } from '../../src/main/processes/machine/rfb/testing/model-client';
import { numberOffset, tinyGuestDisk, tinyGuestReady } from '../helpers/boot-sector';
import { buildMain, type BuiltMain } from '../helpers/core';
import { testConfig, testPaths } from '../helpers/machine-config';
import { temporaryFolder } from '../helpers/temp-folder';
import { sampleWhere, statisticsWhere } from '../helpers/statistics';
import { Terminal } from '../helpers/terminal';

/** The process of a machine as main runs it: bundled, started, asked, and ended in every way there is. */

type Rpc = RpcClient<MachineProcessCommands, MachineProcessEvents>;

let bundle: BuiltMain;
let temporary: { path: string; remove: () => Promise<void> };
let config: MachineConfig;
let paths: LaunchPaths;
const started: HostedProcess[] = [];

beforeAll(async () => {
  bundle = await buildMain();
});
afterAll(() => bundle.remove());

beforeEach(async () => {
  temporary = await temporaryFolder('machine-process');
  const disk = join(temporary.path, 'disk0.img');
  await writeFile(disk, tinyGuestDisk());
  config = testConfig({
    disks: [{ id: 'disk0', path: 'disk0.img', bus: 'ide' }],
    drives: [{ id: 'floppy0', kind: 'floppy', path: null }],
  });
  paths = testPaths(temporary.path, { disks: { disk0: disk } });
});

afterEach(async () => {
  for (const process of started) process.kill();
  await Promise.all(started.splice(0).map(({ exited }) => exited));
  await temporary.remove();
});

function start(): { child: HostedProcess; rpc: Rpc } {
  const child = nodeProcessHost(bundle.folder).start('machine-process', 'test');
  started.push(child);
  const rpc: Rpc = rpcClient(child, machineProcessCommands, machineProcessEvents, (reason) => {
    throw new Error(`The process sent ${reason}`);
  });
  return { child, rpc };
}

function serial(child: HostedProcess): Terminal {
  return new Terminal(byteStreamOver(child.openStream({ name: 'serial', port: 0 })));
}

async function launched(changes: Partial<LaunchPaths> = {}) {
  const { child, rpc } = start();
  const terminal = serial(child);
  await rpc.call('launch', { config, paths: { ...paths, ...changes } });
  return { child, rpc, terminal };
}

async function booted() {
  const machine = await launched();
  await machine.terminal.waitFor(tinyGuestReady);
  return machine;
}

function eventOf<N extends keyof MachineProcessEvents & string>(rpc: Rpc, name: N) {
  return new Promise((resolve) => rpc.on(name, resolve));
}

const numberOnDisk = async (): Promise<number> =>
  (await readFile(join(temporary.path, 'disk0.img'))).readUInt16LE(numberOffset);

describe('the machine process', () => {
  it('runs a guest, and ends with status 0 when it is powered off', async () => {
    const { child, rpc, terminal } = await booted();
    expect(await terminal.ask('m67', '\n')).toBe('=42\n');
    expect(await terminal.ask('w', '\n')).toBe('W0001\n');
    await rpc.call('ping', {});
    await rpc.call('powerOff', {});
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await numberOnDisk()).toBe(1);
  });

  it('tells that the guest has powered itself off, and ends with status 0', async () => {
    const { child, rpc, terminal } = await booted();
    const stopped = eventOf(rpc, 'stopped');
    terminal.type('p');
    expect(await stopped).toEqual({ by: 'guest' });
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  it('presses keys, reads the screen, and takes a picture of it', async () => {
    const { rpc, terminal } = await booted();
    await terminal.ask('t', 'T\n');
    await rpc.call('sendKeys', { keys: ['KeyA'] });
    await terminal.waitFor('Pa\n');
    await rpc.call('sendKeys', { keys: ['ShiftLeft', 'KeyB'] });
    await terminal.waitFor('PB\n');
    expect((await rpc.call('screenText', {}))?.join('\n')).toContain('aB');
    await expect(rpc.call('sendKeys', { keys: ['NoSuchKey'] })).rejects.toMatchObject({
      code: 'input.invalid',
    });

    const screenshot = join(temporary.path, 'screen.png');
    await rpc.call('screenshot', { path: screenshot });
    const png = await readFile(screenshot);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(720);
  });

  it('saves its state, and another process goes on from it', async () => {
    const first = await booted();
    expect(await first.terminal.ask('w', '\n')).toBe('W0001\n');
    const counter = parseInt((await first.terminal.ask('c', '\n')).slice(1), 16);
    const path = join(temporary.path, 'state.viv');
    const screenPath = join(temporary.path, 'screen.png');
    await first.rpc.call('save', { path, screenPath });
    expect(await first.child.exited).toEqual({ code: 0, signal: null });
    expect(await readHeader(path)).toMatchObject({ engine: 'v86' });
    expect((await readFile(screenPath)).subarray(1, 4).toString()).toBe('PNG');

    const second = await launched({ savedState: path });
    const later = parseInt((await second.terminal.ask('c', '\n')).slice(1), 16);
    expect(later).toBeGreaterThanOrEqual(counter);
    expect(await second.terminal.ask('w', '\n')).toBe('W0002\n');
    expect(second.terminal.text).not.toContain(tinyGuestReady);
    expect(await readdir(temporary.path)).not.toContain('state.viv');
    await second.rpc.call('powerOff', {});
    expect(await numberOnDisk()).toBe(2);
  });

  it('stays paused when its state cannot be saved', async () => {
    const { rpc, terminal } = await booted();
    const path = join(temporary.path, 'missing', 'state.viv');
    const save = rpc.call('save', { path, screenPath: join(temporary.path, 'screen.png') });
    await expect(save).rejects.toMatchObject({ code: 'file.not-found' });
    await rpc.call('resume', {});
    expect(await terminal.ask('m23', '\n')).toBe('=06\n');
  });

  it('goes on through what ends a session, and saves its state first when main goes away meanwhile', async () => {
    const { child, rpc, terminal } = await booted();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.kill(child.pid ?? 0, signal);
    expect(await terminal.ask('m67', '\n')).toBe('=42\n');
    await rpc.call('powerOff', {});
    await child.exited;

    const main = fork(join(bundle.folder, 'machine-process.js'), [], { serialization: 'advanced' });
    const ended = once(main, 'exit');
    const call = (id: number, name: string, params: object): boolean =>
      main.send({ kind: 'rpc', message: { kind: 'call', id, name, params } });
    const [path, screenPath] = [join(temporary.path, 'state.viv'), join(temporary.path, 'screen.png')];
    main.on('message', ({ message }: { message: { kind: string; id?: number; name?: string } }) => {
      if (message.kind === 'result' && message.id === 1) call(2, 'save', { path, screenPath });
      if (message.name === 'saveProgress' && main.connected) main.disconnect();
    });
    call(1, 'launch', { config, paths });
    expect(await ended).toEqual([0, null]);
    const second = await launched({ savedState: path });
    expect(second.terminal.text).not.toContain(tinyGuestReady);
  });

  it('refuses a machine that another process holds, and takes it when that one is killed', async () => {
    const first = await booted();
    const second = start();
    await expect(second.rpc.call('launch', { config, paths })).rejects.toMatchObject({
      code: 'machine.locked',
    });
    first.child.kill();
    expect((await first.child.exited).signal).toBe('SIGKILL');
    const third = await booted();
    expect(await third.terminal.ask('m55', '\n')).toBe('=25\n');
  });

  it('launches once, and refuses what makes no sense', async () => {
    const { rpc } = await booted();
    await expect(rpc.call('launch', { config, paths })).rejects.toMatchObject({
      code: 'machine.wrong-state',
    });
    const fresh = start();
    await expect(fresh.rpc.call('pause', {})).rejects.toMatchObject({ code: 'machine.wrong-state' });
    const impossible = fresh.rpc.call('launch', { config: { ...config, cpus: 2 }, paths });
    await expect(impossible).rejects.toMatchObject({ code: 'engine.unsupported' });
  });

  it('powers the machine off and ends when main goes away', async () => {
    const script = `
      const { fork } = require('node:child_process');
      const child = fork(${JSON.stringify(join(bundle.folder, 'machine-process.js'))}, [], { serialization: 'advanced' });
      child.on('message', ({ kind, message }) => {
        if (kind === 'rpc' && message.kind === 'result') console.log(child.pid);
      });
      const params = ${JSON.stringify({ config, paths })};
      child.send({ kind: 'rpc', message: { kind: 'call', id: 1, name: 'launch', params } });`;
    const main = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => {
      main.stdout.once('data', (data: Buffer) => resolve(parseInt(data.toString(), 10)));
    });
    main.kill('SIGKILL');
    const isAlive = (): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    const limit = Date.now() + 60_000;
    while (isAlive() && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isAlive()).toBe(false);
    // … and its lock is free.
    await booted();
  });

  it('sends small pictures of the screen while it changes, and none while it does not', async () => {
    const { child, terminal } = await booted();
    await terminal.ask('g', 'G\n');
    const pictures: Uint8Array[] = [];
    const stream = byteStreamOver(child.openStream({ name: 'thumbnail', width: 160 }));
    stream.onData((data) => void pictures.push(data.slice()));
    await expect.poll(() => pictures.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1700));
    expect(pictures).toHaveLength(1);
    const png = Buffer.from(pictures[0] ?? []);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([160, 100]);
    await terminal.ask('t', 'T\n');
    await expect.poll(() => pictures.length).toBeGreaterThan(1);
    expect(pictures.length).toBeLessThan(5);
    stream.close();
  });

  it('serves viewers, tells statistics and the size of the screen', async () => {
    const { child, rpc } = start();
    const screen = eventOf(rpc, 'screen');
    await rpc.call('launch', { config, paths });
    const viewer = new ModelClient(byteStreamOver(child.openStream({ name: 'graphics' })));
    await viewer.connect();
    expect(viewer.name).toBe(config.name);
    viewer.request(false);
    await viewer.update();
    expect(await screen).toMatchObject({ width: 720, height: 400, text: true });
    const samples = child.openStream({ name: 'statistics', history: false });
    expect(await sampleWhere(samples)).toMatchObject({ diskWriteBytes: 0, guestMemory: null });
    const stream = child.openStream({ name: 'statistics', history: true });
    const history = await statisticsWhere(stream, (message) =>
      message.kind === 'history' ? message : undefined,
    );
    expect(history.fine.times.length).toBeGreaterThan(0);
    expect(history.fine.columns['cpu']).toHaveLength(history.fine.times.length);
  });

  describe('with the fake engine', () => {
    beforeEach(() => {
      config = { ...config, engine: 'fake' };
    });

    it('tells why the engine failed, and ends with another status than 0', async () => {
      const { child, rpc, terminal } = await launched();
      await terminal.waitFor('ready');
      const failed = eventOf(rpc, 'failed');
      terminal.type('crash\n');
      expect(await failed).toMatchObject({ error: { code: 'engine.failed' } });
      expect((await child.exited).code).toBe(1);
    });

    it('pauses by itself when the host has a problem, and goes on when it is asked to', async () => {
      const { rpc, terminal } = await launched();
      await terminal.waitFor('ready');
      const paused = eventOf(rpc, 'pausedByProblem') as Promise<{ problem: ErrorValue }>;
      terminal.type('disk-error\n');
      expect((await paused).problem.code).toBe('file.io');
      await rpc.call('resume', {});
      await terminal.waitFor('disk works again');
    });

    it('stops answering when the guest hangs the process', async () => {
      const { child, rpc, terminal } = await launched();
      await terminal.waitFor('ready');
      const ping = (timeoutMs: number): Promise<string> =>
        rpc.call('ping', {}, { timeoutMs }).then(
          () => 'answered',
          (error: Failure) => error.code,
        );
      expect(await ping(60_000)).toBe('answered');
      terminal.type('hang\n');
      await expect.poll(() => ping(500)).toBe('timeout');
      child.kill();
      expect((await child.exited).signal).toBe('SIGKILL');
    });
  });
});
