import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { defaultNetwork } from '@shared/network/config';
import { nodeProcessHost } from '../src/main/platform/node-process-host';
import { buildAmd64Iso } from '../test/guests/amd64.mjs';
import { buildMain } from '../test/helpers/core';
import { findProgram, sayWhySkipped } from '../test/helpers/programs';
import { Terminal } from '../test/helpers/terminal';
import { median } from './median';
import type { Bench, BenchResult } from './types';

const rounds = 5;
/** Of each measurement, the beginning is not counted; milliseconds. */
const settleMs = 400;
const measureMs = 1500;
const bootMs = 90_000;
const largeMtu = 65_520;

/** The three ways out of one guest: each a card of its own, with the address of the host behind it. */
const paths = {
  ours: { card: 'eth0', own: '10.86.0.50', host: '10.86.0.1' },
  slirp: { card: 'eth1', own: '10.87.0.15', host: '10.87.0.2' },
  passt: { card: 'eth2', own: '10.88.0.15', host: '10.88.0.2' },
} as const;
type PathName = keyof typeof paths;
const peerNames = { slirp: 'libslirp', passt: 'passt' } as const;
/** What each direction is to be, compared with a peer. */
const goals = {
  send: { slirp: 1.8, passt: 1 },
  receive: { slirp: 1.3, passt: 1.3 },
} as const;

/**
 * TCP between a guest and this computer through the gateway, and through QEMU's user networking and passt: one guest
 * with a card on each of them, measured in turn.
 */
async function run(): Promise<BenchResult[]> {
  const qemu = findProgram('qemu-system-x86_64');
  const compiler = findProgram('cc', 'gcc');
  if (!qemu || !compiler || !existsSync('/usr/share/qemu')) {
    sayWhySkipped('gateway', 'it needs QEMU for x86-64 and a C compiler');
    return [];
  }
  const passt = findProgram('passt');
  // Passt lets go of its rights before it makes its socket: the folder must be anybody's.
  const folder = await mkdtemp('/tmp/vivarium-bench-');
  await chmod(folder, 0o777);
  const built = await buildMain({ 'switch-process': 'src/main/processes/switch/main.ts' });
  const bench = new GatewayBench(folder, built.folder, { qemu, passt });
  try {
    const program = join(folder, 'tcp');
    const source = resolve(import.meta.dirname, 'peers/tcp.c');
    execFileSync(compiler, ['-O2', '-static', '-o', program, source]);
    const { path: cd } = await buildAmd64Iso();
    await bench.start(cd, program);
    return await bench.measureAll();
  } finally {
    await bench.close();
    await built.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

class GatewayBench {
  private readonly children: ChildProcess[] = [];
  private readonly network;
  private readonly rpc;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private terminal: Terminal | undefined;
  private port = 0;
  private mode: 'send' | 'receive' | 'ping' = 'send';
  private bytes = 0;

  constructor(
    private readonly folder: string,
    built: string,
    private readonly programs: { qemu: string; passt: string | undefined },
  ) {
    this.network = nodeProcessHost(built).start('switch-process', 'bench');
    this.rpc = rpcClient(this.network, switchProcessCommands, switchProcessEvents, (reason) =>
      console.error(reason),
    );
    this.server = createServer((socket) => this.serve(socket));
  }

  async start(cd: string, program: string): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    this.port = (this.server.address() as { port: number }).port;
    const { passt, qemu } = this.programs;
    const [ours, theirs] = [join(this.folder, 'ours'), join(this.folder, 'passt')];
    if (passt) this.startPasst(passt, theirs);
    await sleep(500);
    const child = spawn(
      qemu,
      [
        ...[
          '-nodefaults',
          '-no-user-config',
          '-display',
          'none',
          '-m',
          '512',
          '-accel',
          'tcg',
          '-cpu',
          'max',
        ],
        ...['-serial', 'stdio', '-drive', `file=${cd},media=cdrom,readonly=on`, '-boot', 'd'],
        ...['-drive', `file=${program},format=raw,if=virtio,readonly=on`],
        ...this.card('ours', `stream,server=on,addr.type=unix,addr.path=${ours}`),
        ...this.card('slirp', 'user,net=10.87.0.0/24,host=10.87.0.2'),
        ...(passt ? this.card('passt', `stream,server=off,addr.type=unix,addr.path=${theirs}`) : []),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.children.push(child);
    await this.configure(1500);
    const card = { machine: 'aaaaaaaaaaaaaaaa', name: 'bench', mac: '52:54:00:00:00:50' };
    await this.rpc.call('plug', { port: 'bench', path: ours, ...card });
    this.terminal = new Terminal(streamOf(child));
    await this.terminal.waitFor('ready x86_64', bootMs);
    await this.sh('stty -echo; cat /dev/vda > /tcp; chmod +x /tcp');
    for (const name of this.names) {
      const { card: device, own } = paths[name];
      await this.sh(`ip addr add ${own}/24 dev ${device}; ip link set ${device} mtu 1500 up`);
    }
    await sleep(2000);
  }

  async measureAll(): Promise<BenchResult[]> {
    const results: BenchResult[] = [];
    for (const direction of ['send', 'receive'] as const) {
      const rates = await this.rounds(this.names, direction);
      results.push(...this.compare(direction, 'MTU 1500', rates, this.names));
    }
    results.push(...(await this.roundTrips()));
    await this.configure(largeMtu);
    const large = this.names.filter((name) => name !== 'slirp');
    for (const name of large) await this.sh(`ip link set ${paths[name].card} mtu ${largeMtu}`);
    for (const direction of ['send', 'receive'] as const) {
      const rates = await this.rounds(large, direction);
      results.push(...this.compare(direction, `MTU ${largeMtu}`, rates, large));
    }
    return results;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
    this.network.kill();
    await this.network.exited;
    for (const child of this.children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((done) => child.on('exit', done));
    }
  }

  private get names(): PathName[] {
    return this.programs.passt ? ['ours', 'slirp', 'passt'] : ['ours', 'slirp'];
  }

  private card(name: PathName, netdev: string): string[] {
    const number = Object.keys(paths).indexOf(name);
    const device = `virtio-net-pci,netdev=${name},mac=52:54:00:00:00:5${number},host_mtu=${largeMtu},addr=0x${number + 10}`;
    return ['-netdev', netdev.replace(',', `,id=${name},`), '-device', device];
  }

  private startPasst(program: string, socket: string): void {
    const { own, host } = paths.passt;
    const addresses = ['-a', own, '-n', '24', '-g', host, '-4'];
    const child = spawn(program, ['-f', '-q', '-s', socket, ...addresses, '-m', String(largeMtu)], {
      stdio: 'ignore',
    });
    this.children.push(child);
  }

  private async configure(mtu: number): Promise<void> {
    const offers = [{ protocol: 'tcp' as const, port: this.port, hostPort: this.port }];
    await this.rpc.call('configure', {
      network: { ...defaultNetwork(), mtu, offers },
      leasesPath: join(this.folder, 'leases.json'),
    });
  }

  /** Runs a command in the guest's shell; gives what it printed. */
  private async sh(command: string): Promise<string> {
    const text = (await this.terminal?.ask(`${command}; echo en""d\n`, /end\r?\n/, 60_000)) ?? '';
    return text.replace(/end\r?\n$/, '').trim();
  }

  private async rounds(
    names: readonly PathName[],
    direction: 'send' | 'receive',
  ): Promise<Record<PathName, number>> {
    const rates: Record<PathName, number[]> = { ours: [], slirp: [], passt: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of names) rates[name].push(await this.measure(name, direction));
    }
    return { ours: median(rates.ours), slirp: median(rates.slirp), passt: median(rates.passt) };
  }

  /** Megabits a second. */
  private async measure(name: PathName, direction: 'send' | 'receive'): Promise<number> {
    this.mode = direction;
    const done = this.sh(`/tcp ${direction} ${paths[name].host} ${this.port}`);
    for (let waited = 0; this.sockets.size === 0 && waited < 5000; waited += 10) await sleep(10);
    await sleep(settleMs);
    const [before, begun] = [this.counted(), performance.now()];
    await sleep(measureMs);
    const rate = ((this.counted() - before) * 8) / (performance.now() - begun) / 1000;
    for (const socket of this.sockets) socket.destroy();
    await done;
    this.bytes = 0;
    return rate;
  }

  /** What has come, or what has gone out of this process; of that, what waits has not been taken. */
  private counted(): number {
    let waiting = 0;
    for (const { writableLength } of this.sockets) waiting += writableLength;
    return this.bytes - waiting;
  }

  private async roundTrips(): Promise<BenchResult[]> {
    this.mode = 'ping';
    const medians: Record<PathName, number[]> = { ours: [], slirp: [], passt: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of this.names) {
        // A prompt may be in front of it.
        const told = await this.sh(`/tcp ping ${paths[name].host} ${this.port}`);
        const p50 = Number(/(\d+) \d+\s*$/.exec(told)?.[1]);
        medians[name].push(p50);
      }
    }
    return this.names
      .filter((name) => name !== 'ours')
      .map((name) => {
        const [value, peerValue] = [median(medians.ours), median(medians[name])];
        return {
          name: 'gateway, round trip of one byte',
          value,
          unit: 'µs',
          peer: peerNames[name],
          peerValue,
          ratio: value / peerValue,
          goal: 'ratio <= 1.1',
          ok: value / peerValue <= 1.1,
        };
      });
  }

  private compare(
    direction: 'send' | 'receive',
    what: string,
    rates: Record<PathName, number>,
    names: readonly PathName[],
  ): BenchResult[] {
    return names
      .filter((name) => name !== 'ours')
      .map((name) => {
        const [value, peerValue, goal] = [rates.ours, rates[name], goals[direction][name]];
        return {
          name: `gateway, guest ${direction === 'send' ? 'to' : 'from'} host, ${what}`,
          value,
          unit: 'Mbit/s',
          peer: peerNames[name],
          peerValue,
          ratio: value / peerValue,
          goal: `ratio >= ${goal}`,
          ok: value / peerValue >= goal,
        };
      });
  }

  private serve(socket: Socket): void {
    const { mode } = this;
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    socket.setNoDelay(true);
    if (mode === 'ping') {
      socket.on('data', (data) => socket.write(data));
    } else if (mode === 'send') {
      socket.on('data', (data) => (this.bytes += data.length));
    } else {
      const piece = Buffer.alloc(256 * 1024);
      const fill = (): void => {
        do this.bytes += piece.length;
        while (socket.write(piece));
      };
      socket.on('drain', fill);
      fill();
    }
  }
}

function streamOf({ stdin, stdout }: { stdin: Writable; stdout: Readable }): ByteStream {
  return {
    send: (data) => void stdin.write(data),
    onData: (listener) => void stdout.on('data', listener),
    onClose: (listener) => void stdout.once('close', () => listener()),
    close: () => stdin.end(),
    unsent: 0,
    drained: () => Promise.resolve(),
  };
}

const bench: Bench = { name: 'gateway', run };
export default bench;
