import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { condition } from '@shared/network/condition';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { NetworkProcess } from '../../src/main/networks/network-process';
import type { Log } from '../../src/main/platform/log';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { buildMain, type BuiltMain } from '../helpers/core';
import { NetworkNamespace } from '../helpers/network-namespace';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

const probe = findProgram('qemu-system-x86_64') ? await NetworkNamespace.make() : undefined;
await probe?.close();
if (!probe) sayWhySkipped('TCP streams through trouble', 'no network namespaces or no QEMU');

const quiet: Log = {
  info: () => {},
  warn: () => {},
  once: () => {},
  flush: () => Promise.resolve(),
};

/** Sends without end until it is told to come to one, and then a mebibyte more; prints what it has sent. */
const sender = `
  const { createHash } = require('node:crypto');
  const hash = createHash('sha256'), chunk = Buffer.alloc(16384);
  const socket = require('node:net').connect(7000, process.argv[1], () => console.log('begun'));
  let number = 0, last;
  process.stdin.once('data', () => (last = number + 64));
  socket.on('connect', function next() {
    chunk.writeUInt32LE(number++);
    chunk.writeUInt32LE(number * 2654435761 % 4294967296, 8000);
    hash.update(chunk);
    if (number === last) socket.end(Buffer.from(chunk), () => console.log(hash.digest('hex')));
    else socket.write(Buffer.from(chunk), () => setTimeout(next, 1));
  });
  socket.on('error', (error) => console.log(String(error)));`;
/** Prints what every connection has brought. */
const receiver = `
  const { createHash } = require('node:crypto');
  require('node:net').createServer((socket) => {
    const hash = createHash('sha256');
    socket.on('data', (data) => hash.update(data));
    socket.on('end', () => (socket.end(), console.log(hash.digest('hex'))));
    socket.on('error', (error) => console.log(String(error)));
  }).listen(7000, () => console.log('listening'));`;
/** Opens a connection through the gateway, speaks when it is told to, and prints what becomes of it. */
const caller = `
  const socket = require('node:net').connect(80, '10.86.0.1', () => console.log('open'));
  process.stdin.once('data', () => socket.write('x'));
  socket.on('error', ({ code }) => console.log(code));`;
const download = `
  const hash = require('node:crypto').createHash('sha256');
  require('node:http').get('http://10.86.0.1/', (answer) => {
    answer.on('data', (data) => hash.update(data));
    answer.on('end', () => console.log(hash.digest('hex')));
  });`;

/** Has a server listen on the loopback. @returns its port */
async function portOf(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Machines with the TCP of Linux on switches in processes of their own: what is sent arrives, whatever happens. */
describe.skipIf(!probe)('a TCP stream', () => {
  let built: BuiltMain;
  let folder: { path: string; remove: () => Promise<void> };
  const machines: NetworkNamespace[] = [];
  const networks: NetworkProcess[] = [];
  const children: ChildProcessWithoutNullStreams[] = [];
  let server: TcpServer | undefined;

  const plugOf = (index: number) => ({
    port: `m${index}-nic0`,
    path: join(folder.path, `card${index}`),
    machine: `m${index}`.padEnd(16, 'm'),
    name: `M${index}`,
    mac: `52:54:00:77:01:0${index}`,
  });
  const network = (changes: Partial<NetworkConfig> = {}): NetworkProcess => {
    const config = { ...defaultNetwork(), ...changes };
    const leases = join(folder.path, `leases${networks.length}.json`);
    const listener = { leases: () => {}, statistics: () => {}, changed: () => {} };
    const made = new NetworkProcess(
      nodeProcessHost(built.folder),
      config,
      leases,
      listener,
      () => Promise.resolve(null),
      quiet,
    );
    networks.push(made);
    return made;
  };
  /** Starts a script in a machine. */
  const script = (index: number, text: string, ...args: string[]): ChildProcessWithoutNullStreams => {
    const machine = machines[index];
    if (!machine) throw new Error('no such machine');
    const [program, ...rest] = machine.inside(process.execPath, '-e', text, ...args);
    const child = spawn(program, rest);
    children.push(child);
    return child;
  };
  const line = async (child: ChildProcessWithoutNullStreams): Promise<string> =>
    String((await once(child.stdout, 'data'))[0]).trim();
  const allUp = (on: NetworkProcess, count: number): Promise<void> =>
    expect.poll(() => on.ports.filter(({ state }) => state === 'up').length, { timeout: 20_000 }).toBe(count);

  beforeAll(async () => {
    built = await buildMain({ 'switch-process': 'src/main/processes/switch/main.ts' });
    folder = await temporaryFolder('streams');
    for (const index of [0, 1]) {
      const machine = await NetworkNamespace.make();
      if (!machine) throw new Error('a namespace could be made a moment ago');
      const { mac, path } = plugOf(index);
      await machine.sh(
        `ip tuntap add dev card mode tap; ip link set card address ${mac} up; ip address add 10.86.0.${50 + index}/24 dev card`,
      );
      await machine.machine('card', path);
      machines.push(machine);
    }
  }, 60_000);
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(networks.splice(0).map((one) => one.end()));
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
  });
  afterAll(async () => {
    await Promise.all(machines.map((machine) => machine.close()));
    await folder?.remove();
    await built?.remove();
  });

  /** Lets `trouble` happen while the first machine sends to the second; what is sent after it arrives too. */
  const survives = async (trouble: () => Promise<void>): Promise<void> => {
    const to = script(1, receiver);
    expect(await line(to)).toBe('listening');
    const from = script(0, sender, '10.86.0.51');
    expect(await line(from)).toBe('begun');
    await trouble();
    const [sent, received] = [line(from), line(to)];
    from.stdin.write('end\n');
    expect(await received).toMatch(/^[0-9a-f]{64}$/);
    expect(await received).toBe(await sent);
  };

  it('goes on after the process of its switch was killed; one through its gateway is reset', async () => {
    const listening = (server = createTcpServer((socket) => socket.on('error', () => socket.destroy())));
    const hostPort = await portOf(listening);
    const free = createTcpServer();
    const forward = {
      ...{ id: 'f'.repeat(16), protocol: 'tcp' as const, machine: plugOf(1).machine, guestPort: 7000 },
      ...{ hostAddress: '127.0.0.1', hostPort: await portOf(free) },
    };
    await new Promise((resolve) => free.close(resolve));
    const only = network({ offers: [{ protocol: 'tcp', port: 80, hostPort }], forwards: [forward] });
    only.plug(plugOf(0));
    only.plug(plugOf(1));
    await allUp(only, 2);
    const call = script(0, caller);
    expect(await line(call)).toBe('open');
    await survives(async () => {
      const before = only.pid ?? 0;
      process.kill(before, 'SIGKILL');
      await expect.poll(() => only.pid !== undefined && only.pid !== before, { timeout: 20_000 }).toBe(true);
      await allUp(only, 2);
    });
    const end = line(call);
    call.stdin.write('speak\n');
    expect(await end).toBe('ECONNRESET');
    // The host's side of it listens again too.
    await expect.poll(() => only.forwardProblems[forward.id], { timeout: 20_000 }).toBeNull();
    const visitor = connect(forward.hostPort, '127.0.0.1');
    const heard = await new Promise((resolve) => {
      visitor.on('connect', () => resolve('taken'));
      // The machine has no lease, so that it may be reset at once.
      visitor.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
    expect(heard).not.toBe('ECONNREFUSED');
    visitor.destroy();
  }, 60_000);

  it('goes on where both ends meet again on another network', async () => {
    const first = network();
    const second = network({ kind: 'isolated', subnet: '10.99.0.0/24', gatewayOn: false });
    first.plug(plugOf(0));
    first.plug(plugOf(1));
    await allUp(first, 2);
    await survives(async () => {
      first.unplug(plugOf(0).port);
      second.plug(plugOf(0));
      await allUp(second, 1);
      first.unplug(plugOf(1).port);
      second.plug(plugOf(1));
      await allUp(second, 2);
    });
  }, 60_000);

  it('brings a big download whole through a cable that loses one frame of a hundred', async () => {
    const page = Buffer.alloc(8_000_000);
    for (let index = 0; index < page.length; index += 4)
      page.writeUInt32LE((index * 2654435761) % 2 ** 32, index);
    const serving = (server = createServer((_request, response) => response.end(page)));
    const hostPort = await portOf(serving);
    const lossy = network({
      offers: [{ protocol: 'tcp', port: 80, hostPort }],
      conditions: { [plugOf(0).port]: condition.parse({ loss: 1 }) },
    });
    lossy.plug(plugOf(0));
    await allUp(lossy, 1);
    expect(await line(script(0, download))).toBe(createHash('sha256').update(page).digest('hex'));
  }, 60_000);
});
