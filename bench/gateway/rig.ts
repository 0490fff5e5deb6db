import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { defaultNetwork } from '@shared/network/config';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { buildAmd64Iso } from '../../test/guests/amd64.mjs';
import { type BuiltMain, buildMain } from '../../test/helpers/core';
import { findProgram, sayWhySkipped } from '../../test/helpers/programs';
import { Terminal } from '../../test/helpers/terminal';
import { threadCpuMs, treeCpuSeconds } from '../process-cpu';
import { HostEnd, type Transfer } from './host-end';
import { type Direction, largestMtu, type Way, ways } from './ways';

const bootMs = 90_000;
const commandMs = 60_000;

export type CardModel = 'virtio-net-pci' | 'e1000';

/** What the measurements need, or undefined with a word about it. */
function programs(): { qemu: string; compiler: string; passt: string | undefined } | undefined {
  const qemu = findProgram('qemu-system-x86_64');
  const compiler = findProgram('cc', 'gcc');
  if (qemu && compiler && existsSync('/usr/share/qemu'))
    return { qemu, compiler, passt: findProgram('passt') };
  sayWhySkipped('gateway', 'it needs QEMU for x86-64 and a C compiler');
  return undefined;
}

/** One guest with a card on each of the gateways that are there, and the host's end of its connections. */
export class Rig {
  port = 0;
  private readonly children: ChildProcess[] = [];
  private readonly network;
  private readonly rpc;
  private guest: ChildProcess | undefined;
  private passt: ChildProcess | undefined;
  private terminal: Terminal | undefined;

  private constructor(
    private readonly folder: string,
    private readonly built: BuiltMain,
    readonly host: HostEnd,
    readonly hasPasst: boolean,
  ) {
    this.network = nodeProcessHost(built.folder).start('switch-process', 'bench');
    this.rpc = rpcClient(this.network, switchProcessCommands, switchProcessEvents, (reason) =>
      console.error(reason),
    );
  }

  /** @returns undefined where something is missing, which is said */
  static async start(model: CardModel = 'virtio-net-pci'): Promise<Rig | undefined> {
    const found = programs();
    if (!found) return undefined;
    // Passt lets go of its rights before it makes its socket: the folder must be anybody's.
    const folder = await mkdtemp('/tmp/vivarium-bench-');
    await chmod(folder, 0o777);
    const program = join(folder, 'tcp');
    const source = resolve(import.meta.dirname, '../peers/tcp.c');
    execFileSync(found.compiler, ['-O2', '-static', '-o', program, source]);
    const built = await buildMain({ 'switch-process': 'src/main/processes/switch/main.ts' });
    const rig = new Rig(folder, built, new HostEnd(program), found.passt !== undefined);
    try {
      await rig.boot(found, program, model);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get ways(): Way[] {
    return this.hasPasst ? ['ours', 'slirp', 'passt'] : ['ours', 'slirp'];
  }

  /** Runs a command in the guest's shell; gives what it printed. */
  async sh(command: string): Promise<string> {
    const text = (await this.terminal?.ask(`${command}; echo en""d\n`, /end\r?\n/, commandMs)) ?? '';
    return text.replace(/end\r?\n$/, '').trim();
  }

  /** The guest's end of a measurement. @returns what it printed */
  tcp(what: string, way: Way, seconds = ''): Promise<string> {
    return this.sh(`/tcp ${what} ${ways[way].host} ${this.port} ${seconds}`);
  }

  /**
   * One transfer as the host's end saw it.
   * @throws what the guest's end complains of
   */
  async transfer(direction: Direction, way: Way, seconds: string): Promise<Transfer> {
    const said = await this.tcp(direction, way, seconds);
    if (said) throw new Error(`A transfer failed (${direction}, ${way}): ${said}`);
    return this.host.transfer();
  }

  /** Makes every card that can do it carry packets of that size; libslirp stays with 1500. */
  async setMtu(mtu: number): Promise<void> {
    await this.configure(mtu);
    for (const way of this.ways) {
      if (way !== 'slirp') await this.sh(`ip link set ${ways[way].card} mtu ${mtu}`);
    }
  }

  /** CPU seconds that carrying has cost so far: in the gateway's own process, and in QEMU's main loop, where libslirp is. */
  cpuSeconds(way: Way): { gateway: number; loop: number } {
    const pid = way === 'ours' ? this.network.pid : way === 'passt' ? this.passt?.pid : undefined;
    return {
      gateway: pid === undefined ? 0 : treeCpuSeconds(pid),
      loop: this.guest?.pid === undefined ? 0 : threadCpuMs(this.guest.pid) / 1000,
    };
  }

  async close(): Promise<void> {
    this.host.stop();
    await Promise.race([this.rpc.call('end', {}).catch(() => undefined), sleep(1000)]);
    await Promise.race([this.network.exited, sleep(1000)]);
    this.network.kill();
    await this.network.exited;
    for (const child of this.children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((done) => child.on('exit', done));
    }
    await this.built.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async boot(
    found: { qemu: string; passt: string | undefined },
    program: string,
    model: CardModel,
  ): Promise<void> {
    this.port = await this.host.port();
    const [ours, theirs] = [join(this.folder, 'ours'), join(this.folder, 'passt')];
    if (found.passt) await this.startPasst(found.passt, theirs);
    const { path: cd } = await buildAmd64Iso();
    const card = (way: Way, netdev: string): string[] => cardArguments(model, way, netdev);
    const guest = spawn(
      found.qemu,
      [
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-m', '512', '-accel', 'tcg'],
        ...['-cpu', 'max', '-serial', 'stdio', '-boot', 'd'],
        ...['-drive', `file=${cd},media=cdrom,readonly=on`],
        ...['-drive', `file=${program},format=raw,if=virtio,readonly=on`],
        ...card('ours', `stream,server=on,addr.type=unix,addr.path=${ours}`),
        ...card('slirp', 'user,net=10.87.0.0/24,host=10.87.0.2'),
        ...(found.passt ? card('passt', `stream,server=off,addr.type=unix,addr.path=${theirs}`) : []),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.guest = guest;
    this.children.push(guest);
    await this.configure(1500);
    const plug = { machine: 'aaaaaaaaaaaaaaaa', name: 'bench', mac: '52:54:00:00:00:50' };
    await this.rpc.call('plug', { port: 'bench', path: ours, ...plug });
    this.terminal = new Terminal(streamOf(guest));
    await this.terminal.waitFor('ready x86_64', bootMs);
    await this.sh('stty -echo; PS1=; cat /dev/vda > /tcp; chmod +x /tcp');
    for (const way of this.ways) {
      const { card: device, own } = ways[way];
      await this.sh(`ip addr add ${own}/24 dev ${device}; ip link set ${device} mtu 1500 up`);
    }
    await sleep(2000);
  }

  private async startPasst(program: string, socket: string): Promise<void> {
    const { own, host } = ways.passt;
    const addresses = ['-a', own, '-n', '24', '-g', host, '-4'];
    this.passt = spawn(program, ['-f', '-q', '-s', socket, ...addresses, '-m', String(largestMtu)], {
      stdio: 'ignore',
    });
    this.children.push(this.passt);
    for (let waited = 0; !existsSync(socket) && waited < 5000; waited += 50) await sleep(50);
  }

  private async configure(mtu: number): Promise<void> {
    const offers = [{ protocol: 'tcp' as const, port: this.port, hostPort: this.port }];
    await this.rpc.call('configure', {
      network: { ...defaultNetwork(), mtu, offers },
      leasesPath: join(this.folder, 'leases.json'),
    });
  }
}

function cardArguments(model: CardModel, way: Way, netdev: string): string[] {
  const number = Object.keys(ways).indexOf(way);
  const mtu = model === 'virtio-net-pci' ? `,host_mtu=${largestMtu}` : '';
  const device = `${model},netdev=${way},mac=52:54:00:00:00:5${number},addr=0x${number + 10}${mtu}`;
  return ['-netdev', netdev.replace(',', `,id=${way},`), '-device', device];
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
