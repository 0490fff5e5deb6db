import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { parseIpv4 } from '@shared/network/address';
import { defaultNetwork } from '@shared/network/config';
import { FrameReader } from '../../src/main/platform/frame-stream';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { systemClock } from '../../src/main/processes/switch/clock';
import { LearningSwitch } from '../../src/main/processes/switch/ports/learning-switch';
import { noTraffic, type SwitchPort } from '../../src/main/processes/switch/ports/port';
import { TestGuest, until } from '../../src/main/processes/switch/testing/guest';
import type { BenchResult } from '../types';

const flows = 10_000;
/** A guest may have no more than 4096. */
const guests = 4;
/** Opened before the next are begun. */
const atOnce = 100;
const openMs = 20_000;
const goalMb = 250;

/** Memory of a gateway's process, in bytes: what idle connections of guests without machines take. */
export async function memoryOfFlows(
  built: string,
  folder: string,
  passt: string | undefined,
): Promise<BenchResult[]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve));
  try {
    const ours = await ofOurs(built, folder, server);
    // A peer that does not get through is no reason to measure nothing.
    const theirs =
      passt === undefined
        ? undefined
        : await ofPasst(passt, folder, server).catch((error: unknown) => {
            console.error(`passt is left out: ${String(error)}`);
            return undefined;
          });
    const [value, peerValue] = [ours.after / 1e6, theirs === undefined ? null : theirs.after / 1e6];
    const common = { unit: 'MB', peer: theirs ? 'passt' : null, goal: `<= ${goalMb}` };
    return [
      {
        ...common,
        name: `gateway, memory with ${flows} connections`,
        value,
        peerValue,
        ratio: peerValue === null ? null : value / peerValue,
        ok: value <= goalMb,
      },
      {
        name: `gateway, memory without connections`,
        value: ours.before / 1e6,
        unit: 'MB',
        peer: theirs ? 'passt' : null,
        peerValue: theirs ? theirs.before / 1e6 : null,
        ratio: theirs ? ours.before / theirs.before : null,
        goal: '–',
        ok: true,
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

interface Memory {
  before: number;
  after: number;
}

async function ofOurs(built: string, folder: string, server: Server): Promise<Memory> {
  const process = nodeProcessHost(built).start('switch-process', 'bench');
  const rpc = rpcClient(process, switchProcessCommands, switchProcessEvents, (reason) =>
    console.error(reason),
  );
  const cables: Cable[] = [];
  try {
    const port = portOf(server);
    const offers = [{ protocol: 'tcp' as const, port, hostPort: port }];
    const network = { ...defaultNetwork(), offers };
    await rpc.call('configure', { network, leasesPath: join(folder, 'leases.json') });
    for (let index = 0; index < guests; index++) {
      const path = join(folder, `guest-${index}`);
      const cable = new Cable(index, `10.86.0.${20 + index}`, '10.86.0.1');
      cables.push(cable);
      await cable.listen(path);
      const card = {
        machine: `${index}`.repeat(16),
        name: `guest ${index}`,
        mac: `52:54:00:00:01:0${index}`,
      };
      await rpc.call('plug', { port: `guest-${index}`, path, ...card });
    }
    return await measure(cables, port, process.pid);
  } finally {
    for (const cable of cables) cable.close();
    process.kill();
    await process.exited;
  }
}

async function ofPasst(program: string, folder: string, server: Server): Promise<Memory> {
  const path = join(folder, 'passt-flows');
  const addresses = ['-a', '10.88.0.15', '-n', '24', '-g', '10.88.0.2', '-4'];
  const child: ChildProcess = spawn(program, ['-f', '-q', '-s', path, ...addresses], { stdio: 'ignore' });
  const cable = new Cable(0, '10.88.0.15', '10.88.0.2');
  try {
    await until(() => (existsSync(path) ? true : undefined));
    await cable.connect(path);
    return await measure([cable], portOf(server), child.pid);
  } finally {
    cable.close();
    child.kill('SIGKILL');
  }
}

async function measure(cables: readonly Cable[], port: number, pid: number | undefined): Promise<Memory> {
  for (const cable of cables) await cable.findGateway();
  const before = residentBytes(pid);
  for (const cable of cables) await cable.open(flows / cables.length, port);
  await sleep(1000);
  return { before, after: residentBytes(pid) };
}

/** A guest without a machine at the end of a stream socket. */
class Cable implements SwitchPort {
  readonly id = 'cable';
  readonly counters = noTraffic();
  private readonly bridge = new LearningSwitch(systemClock);
  private readonly guest: TestGuest;
  private readonly server = createServer((socket) => this.take(socket));
  private socket: Socket | undefined;

  constructor(
    number: number,
    address: string,
    private readonly gateway: string,
  ) {
    this.bridge.add(this);
    this.guest = new TestGuest('guest', 0x525400000100 + number, this.bridge);
    this.guest.address = parseIpv4(address) ?? 0;
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.server.listen(path, resolve));
  }

  connect(path: string): Promise<void> {
    const socket = createConnection(path);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        this.take(socket);
        resolve();
      });
    });
  }

  async findGateway(): Promise<void> {
    await until(() => this.socket);
    this.guest.gatewayMac = await this.guest.arp(parseIpv4(this.gateway) ?? 0);
  }

  async open(count: number, port: number): Promise<void> {
    const address = parseIpv4(this.gateway) ?? 0;
    for (let opened = 0; opened < count; opened += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, count - opened) }, () =>
        this.guest.connect(address, port),
      );
      await until(() => (some.every(({ isOpen }) => isOpen) ? true : undefined), openMs);
    }
  }

  deliver(run: Buffer): boolean {
    this.socket?.write(Buffer.from(run));
    return false;
  }

  hold(): void {}
  release(): void {}

  close(): void {
    this.socket?.destroy();
    this.server.close();
    this.bridge.close();
  }

  private take(socket: Socket): void {
    this.socket = socket;
    const reader = new FrameReader((chunk, start) => this.bridge.receive(this, chunk, start));
    socket.on('data', (data) => reader.push(data));
    socket.on('error', () => socket.destroy());
  }
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

/** What a process has in memory (proc(5), VmRSS). Linux only. */
function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
