import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseSubnet } from '@shared/network/address';
import { overlaps } from '@shared/network/plan';
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

describe('networks that a person makes', () => {
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

  const create = async (name: string): Promise<NetworkSummary> =>
    core.handlers['network.create']({ network: { name, kind: 'nat' } });
  const v86Machine = (name: string): Promise<string> =>
    createMachine(
      core,
      fakeSpec(name, { engine: 'v86', memoryMiB: 64, boot: ['cdrom'], disk: { kind: 'none' } }),
    );
  const nicOf = (id: string) => core.machines.get(id).config?.nics[0];
  const moveTo = async (id: string, network: string): Promise<unknown> => {
    const nic = nicOf(id);
    if (!nic) throw new Error('no card');
    return core.handlers['machine.configure']({ id, settings: { nics: [{ ...nic, network }] } });
  };

  it('have a subnet that nobody uses, a private prefix of their own, and are there after a new start', async () => {
    const { hostSubnets, kinds } = await core.handlers['network.capabilities']({});
    const first = await create('Lab');
    const second = await create('lab two');
    const subnets = [...hostSubnets, '10.86.0.0/24', first.config.subnet, second.config.subnet];
    const parsed = subnets.map((text) => parseSubnet(text));
    parsed.forEach((a, index) =>
      parsed.slice(index + 1).forEach((b) => {
        // Routes of the computer may hold one another; the two networks collide with nothing.
        if (a && b && index + 1 >= hostSubnets.length) expect(overlaps(a, b)).toBe(false);
      }),
    );
    expect([first.id, second.id]).toEqual(['lab', 'lab-two']);
    expect(first.config.ipv6?.prefix).not.toBe(second.config.ipv6?.prefix);
    const bridged = kinds.find(({ kind }) => kind === 'bridged');
    expect(bridged).toBeDefined();
    if (bridged?.problem) expect(bridged.problem.hint).toBeTruthy();
    await core.shutdown('power-off');
    core = await testCore(built.folder, dataFolder);
    expect((await core.handlers['network.get']({ id: 'lab' })).config).toEqual(first.config);
  });

  it('are refused where they contradict what there is', async () => {
    await create('Lab');
    const refused = async (network: object): Promise<string | undefined> =>
      failureCode(
        Promise.resolve(core.handlers['network.create']({ network: { name: 'x', kind: 'nat', ...network } })),
      );
    expect(await refused({ name: 'LAB' })).toBe('network.invalid');
    expect(await refused({ subnet: '10.86.0.0/25' })).toBe('network.invalid');
    const { hostSubnets } = await core.handlers['network.capabilities']({});
    const [own] = hostSubnets.filter((text) => text.endsWith('/24'));
    if (own) expect(await refused({ subnet: own })).toBe('network.invalid');
    expect(await refused({ gateway: '1.2.3.4' })).toBe('network.invalid');
    expect((await core.handlers['network.list']({})).map(({ id }) => id)).toEqual(['lab', 'nat']);
  });

  it('are changed with their addresses moving along, and what is not said stays', async () => {
    const { id, config } = await create('Lab');
    const names = [{ name: 'printer', address: '10.1.1.1' }];
    await core.handlers['network.edit']({ id, changes: { names, mtu: 9000 } });
    const { config: moved } = await core.handlers['network.edit']({
      id,
      changes: { subnet: '10.99.0.0/28' },
    });
    expect(moved).toMatchObject({ names, mtu: 9000, gateway: '10.99.0.1', ipv6: config.ipv6 });
    const stored = JSON.parse(await readFile(join(dataFolder, 'networks', 'lab.json'), 'utf8')) as object;
    expect(stored).toEqual(moved);
  });

  it('are removed with their files, but not while a machine has a card on them', async () => {
    const { id } = await create('Lab');
    const machine = await v86Machine('Wanderer');
    const users = new Map<string, string[]>();
    core.onEvent(({ name, value }) => {
      if (name === 'network.changed')
        users.set(
          value.id,
          value.users.map((user) => user.machine),
        );
    });
    await moveTo(machine, id);
    // The machine is off, so that no cable tells it.
    expect(Object.fromEntries(users)).toEqual({ nat: [], [id]: [machine] });
    const remove = async (which: string): Promise<void> => core.handlers['network.remove']({ id: which });
    const refusal = await remove(id).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'network.in-use' });
    expect(String(refusal)).toContain('Wanderer');
    expect((await core.handlers['network.get']({ id })).users).toMatchObject([{ machine, nic: 'nic0' }]);
    expect(await failureCode(remove('nat'))).toBe('input.invalid');
    await moveTo(machine, 'nat');
    expect(Object.fromEntries(users)).toEqual({ nat: [machine], [id]: [] });
    const told = nextEvent(core, (event) => (event.name === 'network.removed' ? event.value.id : undefined));
    await remove(id);
    expect(await told).toBe(id);
    expect(existsSync(join(dataFolder, 'networks', 'lab.json'))).toBe(false);
    await core.shutdown('power-off');
    core = await testCore(built.folder, dataFolder);
    expect((await core.handlers['network.list']({})).map((network) => network.id)).toEqual(['nat']);
  });

  it('say at once who has a port that is to be forwarded, also while nobody uses them', async () => {
    const machine = await v86Machine('Server');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: hostPort } = server.address() as { port: number };
    const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, machine, guestPort: 22 } as const;
    const set = async (): Promise<unknown> => core.handlers['network.setForward']({ id: 'nat', forward });
    const refusal = await set().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'network.port-in-use' });
    if (process.platform === 'linux') expect(String(refusal)).toContain(`(process ${process.pid})`);
    const withProxy = (port: number): Promise<NetworkSummary> =>
      Promise.resolve(core.handlers['network.edit']({ id: 'nat', changes: { proxy: { port } } }));
    expect(await failureCode(withProxy(hostPort))).toBe('network.port-in-use');
    await core.handlers['machine.start']({ id: machine });
    expect(await failureCode(withProxy(hostPort))).toBe('network.port-in-use');
    expect((await core.handlers['network.get']({ id: 'nat' })).config.proxy).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await withProxy(hostPort)).toMatchObject({
      config: { proxy: { port: hostPort } },
      proxyProblem: null,
    });
    await core.handlers['network.edit']({ id: 'nat', changes: { proxy: null } });
    expect(await set()).toMatchObject({ config: { forwards: [forward] } });
  });

  it('are captured while a machine is plugged in, and saved as a file', async () => {
    const start = async (): Promise<unknown> =>
      core.handlers['network.startCapture']({
        id: 'nat',
        capture: { port: null, maxBytes: 100_000, maxSeconds: null, snapLength: 1500 },
      });
    expect(await failureCode(start())).toBe('network.idle');
    const id = await v86Machine('Watched');
    await core.handlers['machine.start']({ id });
    expect(await core.handlers['network.captureStatus']({ id: 'nat' })).toBeNull();
    const page = async (filter: string) =>
      core.handlers['network.packets']({ id: 'nat', after: 0, limit: 10, filter });
    expect(await failureCode(page(''))).toBe('network.no-capture');
    expect(await start()).toMatchObject({ running: true, first: 0, port: null });
    expect(await page('arp')).toMatchObject({ complete: true });
    expect(await failureCode(page('nonsense'))).toBe('input.invalid');
    expect(await core.handlers['network.stopCapture']({ id: 'nat' })).toMatchObject({ running: false });
    const { path } = await core.handlers['network.saveCapture']({ id: 'nat', filter: '' });
    expect(path.startsWith(join(dataFolder, 'captures', 'nat-'))).toBe(true);
    expect((await readFile(path)).readUInt32LE(0)).toBe(0x0a0d0d0a);
    // Who speaks with whom is counted from the first question on.
    expect(await core.handlers['network.flows']({ id: 'nat' })).toMatchObject({ ms: 0, flows: [] });
    expect((await core.handlers['network.flows']({ id: 'nat' })).ms).toBeGreaterThan(0);
    // A network whose device is not there carries what it can, and says so.
    const draft = { name: 'Outside', kind: 'bridged', uplink: { device: 'vm-none0' } } as const;
    expect(
      await failureCode(
        Promise.resolve(core.handlers['network.create']({ network: { ...draft, uplink: null } })),
      ),
    ).toBe('network.invalid');
    const outside = await core.handlers['network.create']({ network: draft });
    expect(outside).toMatchObject({ config: { gatewayOn: false }, uplink: null });
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { network: outside.id } });
    const fares = async () => (await core.handlers['network.get']({ id: outside.id })).uplink;
    await expect.poll(fares, { timeout: 20_000 }).toMatchObject({ state: 'failed' });
    expect((await fares())?.problem?.hint).toBeTruthy();
    expect(core.machines.get(id).state).toBe('running');
    expect(await failureCode(start())).toBe('network.idle');
  });

  it('forget a machine that is deleted: its forwards and what its cable was like', async () => {
    const [gone, stays] = [await v86Machine('Gone'), await v86Machine('Stays')];
    const forwardTo = async (machine: string, hostPort: number): Promise<void> => {
      const forward = {
        protocol: 'tcp',
        hostAddress: '127.0.0.1',
        hostPort,
        machine,
        guestPort: 22,
      } as const;
      await core.handlers['network.setForward']({ id: 'nat', forward });
      const port = `${machine}-nic0`;
      const condition = { ...slow, latencyMs: 5 };
      await core.handlers['network.setCondition']({ id: 'nat', port, condition });
    };
    await forwardTo(gone, 22_101);
    await forwardTo(stays, 22_102);
    const changed = nextEvent(core, (event) =>
      event.name === 'network.changed' && event.value.config.forwards.length === 1 ? event.value : undefined,
    );
    await core.handlers['machine.delete']({ id: gone, how: 'erase' });
    const { config } = await changed;
    expect(config.forwards[0]?.machine).toBe(stays);
    expect(Object.keys(config.conditions ?? {})).toEqual([`${stays}-nic0`]);
  });
});

const slow = {
  bandwidthUp: null,
  bandwidthDown: null,
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
};
