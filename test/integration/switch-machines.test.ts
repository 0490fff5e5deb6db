import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { NetworkSummary } from '@shared/network/summary';
import type { Core } from '../../src/main/core';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  nextEvent,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { starterLinuxIso } from '../helpers/machine-config';
import { Terminal } from '../helpers/terminal';

const bootMs = 180_000;

describe('networks of the program', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;

  beforeAll(async () => {
    built = await buildMain();
  });
  afterAll(() => built?.remove());
  beforeEach(async () => {
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
  });
  afterEach(async () => {
    await core?.shutdown('power-off');
    await rm(dataFolder, { recursive: true, force: true });
  });

  const network = (): Promise<NetworkSummary> => Promise.resolve(core.handlers['network.get']({ id: 'nat' }));
  const v86Machine = (name: string, cdrom: string | null): Promise<string> =>
    createMachine(
      core,
      fakeSpec(name, { engine: 'v86', memoryMiB: 64, boot: ['cdrom'], disk: { kind: 'none' }, cdrom }),
    );
  /** The processes of networks that this program has started. */
  const switchPids = async (): Promise<number[]> => {
    const { readdir } = await import('node:fs/promises');
    const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const found: number[] = [];
    for (const pid of all) {
      const [line, status] = await Promise.all(
        ['cmdline', 'status'].map((file) => readFile(join('/proc', pid, file), 'utf8').catch(() => '')),
      );
      if (line?.includes('switch-process') && status?.includes(`PPid:\t${process.pid}\n`))
        found.push(Number(pid));
    }
    return found;
  };

  it('begin with one that new machines are plugged into, kept in a file', async () => {
    const stored = JSON.parse(await readFile(join(dataFolder, 'networks', 'nat.json'), 'utf8')) as object;
    expect(stored).toMatchObject({ id: 'nat', kind: 'nat', schema: 1 });
    const id = await v86Machine('Plugged', null);
    expect(core.machines.get(id).config?.nics[0]?.network).toBe('nat');
    expect(await network()).toMatchObject({ running: false, leases: [] });
  });

  it('keep forwards across a new start, and refuse two of one port', async () => {
    const id = await v86Machine('Server', null);
    const forward = {
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort: 22_022,
      machine: id,
      guestPort: 22,
    } as const;
    const { config } = await core.handlers['network.setForward']({ id: 'nat', forward });
    const [entry] = config.forwards;
    expect(entry).toMatchObject(forward);
    expect(await failureCode(core.handlers['network.setForward']({ id: 'nat', forward }))).toBe(
      'input.invalid',
    );
    await core.shutdown('power-off');
    core = await testCore(built.folder, dataFolder);
    expect((await network()).config.forwards).toEqual([entry]);
    await core.handlers['network.removeForward']({ id: 'nat', forward: entry?.id ?? '' });
    expect((await network()).config.forwards).toEqual([]);
    expect(await failureCode(core.handlers['network.removeForward']({ id: 'none', forward: 'x' }))).toBe(
      'network.not-found',
    );
  });

  it('hide no other network when a file cannot be read, and leave it as it is', async () => {
    await core.shutdown('power-off');
    const broken = join(dataFolder, 'networks', 'lab.json');
    await writeFile(broken, '{"schema":1,"id":"lab","subnet":"nonsense"}');
    core = await testCore(built.folder, dataFolder);
    expect((await core.handlers['network.list']({})).map(({ id }) => id)).toEqual(['nat']);
    const get = async (): Promise<unknown> => core.handlers['network.get']({ id: 'lab' });
    expect(await failureCode(get())).toBe('network.invalid');
    expect(await readFile(broken, 'utf8')).toContain('nonsense');
  });

  it.skipIf(process.platform !== 'linux')('have a process while a machine uses them', async () => {
    const id = await v86Machine('First', null);
    const second = await v86Machine('Second', null);
    expect(await switchPids()).toEqual([]);
    await core.handlers['machine.start']({ id });
    await core.handlers['machine.start']({ id: second });
    await expect.poll(switchPids).toHaveLength(1);
    expect((await network()).running).toBe(true);
    await core.handlers['machine.powerOff']({ id });
    expect(await switchPids()).toHaveLength(1);
    await core.handlers['machine.powerOff']({ id: second });
    await expect.poll(switchPids).toEqual([]);
    expect((await network()).running).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')(
    'say at once when a port is taken, and change nothing then',
    async () => {
      const id = await v86Machine('First', null);
      await core.handlers['machine.start']({ id });
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const forward = {
        protocol: 'tcp',
        hostAddress: '127.0.0.1',
        hostPort: port,
        machine: id,
        guestPort: 22,
      } as const;
      const set = async (): Promise<NetworkSummary> =>
        core.handlers['network.setForward']({ id: 'nat', forward });
      expect(await failureCode(set())).toBe('network.port-in-use');
      expect((await network()).config.forwards).toEqual([]);
      await new Promise((resolve) => server.close(resolve));
      const summary = await set();
      expect(Object.values(summary.forwardProblems)).toEqual([null]);
    },
  );

  it.skipIf(!existsSync(starterLinuxIso) || process.platform !== 'linux')(
    'give a machine an address, and go on after their process was killed',
    async () => {
      const id = await v86Machine('Web', starterLinuxIso);
      const mac = core.machines.get(id).config?.nics[0]?.mac;
      await core.handlers['machine.start']({ id });
      const runner = core.machines.power.processOf(core.machines.library.get(id));
      const terminal = new Terminal(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })));
      const lease = await nextEvent(
        core,
        (event) =>
          event.name === 'network.changed' ? event.value.leases.find((one) => one.mac === mac) : undefined,
        bootMs,
      );
      expect(lease.address).toMatch(/^10\.86\.0\./);
      await terminal.waitFor('Starter Linux ready', bootMs);
      await terminal.ask('\n', '# ', 120_000);
      const leases = join(dataFolder, 'networks', 'nat.leases.json');
      await expect.poll(() => readFile(leases, 'utf8').catch(() => '')).toContain(mac);
      const before = await switchPids();
      process.kill(before[0] ?? 0, 'SIGKILL');
      await expect.poll(switchPids).not.toEqual(before);
      // Names come from leases: they have survived in their file. The outage is short, and the guest tries again.
      await terminal.ask(
        'until ping -c 1 -W 5 gateway; do sleep 1; done; nslookup web | tail -3\n',
        '1 packets received',
        120_000,
      );
      await terminal.waitFor(new RegExp(`Address[^:]*: ${lease.address.replaceAll('.', '\\.')}`));
      expect(core.machines.get(id).state).toBe('running');
    },
    3 * bootMs,
  );
});
