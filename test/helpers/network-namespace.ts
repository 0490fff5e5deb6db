import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './programs';

const run = promisify(execFile);
const pause = promisify(setTimeout);
const commandMs = 30_000;

/**
 * A network of Linux's of its own, with a place of its own in the file system: what is done in it changes nothing of
 * this computer's. Everything in it goes with it.
 */
export class NetworkNamespace {
  private readonly children = new Set<ChildProcess>();

  private constructor(private readonly holder: ChildProcess) {}

  /** @returns undefined where this user may not make one */
  static async make(): Promise<NetworkNamespace | undefined> {
    if (process.platform !== 'linux' || !findProgram('unshare') || !findProgram('nsenter')) return undefined;
    // Its own view of /sys, which shows the devices of the network that it was mounted in.
    const script = 'mount -t sysfs sysfs /sys && ip link set lo up && echo made && exec sleep 600';
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const made = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
      once(holder, 'error').then(() => false),
    ]);
    return made ? new NetworkNamespace(holder) : undefined;
  }

  get pid(): number {
    return this.holder.pid ?? 0;
  }

  /** Its file system, as this process reaches it. */
  get root(): string {
    return `/proc/${this.pid}/root`;
  }

  /** What runs a command in it. */
  inside(...command: string[]): [program: string, ...args: string[]] {
    return ['nsenter', '-t', String(this.pid), '-n', '-m', '--', ...command];
  }

  /** Runs a shell's commands in it; gives what they print. */
  async sh(script: string): Promise<string> {
    const [program, ...args] = this.inside('sh', '-ec', script);
    return (await run(program, args, { timeout: commandMs })).stdout;
  }

  /** Starts what goes on until the namespace is closed, and resolves when it has printed something. */
  async start(...command: string[]): Promise<void> {
    const [program, ...args] = this.inside(...command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.children.add(child);
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  }

  /** Starts what goes on until the namespace is closed. */
  run(...command: string[]): void {
    const [program, ...args] = this.inside(...command);
    this.children.add(spawn(program, args, { stdio: 'ignore' }));
  }

  /** Joins a TAP device with a socket that a switch connects to: the namespace is a machine's then. */
  async machine(tap: string, socket: string): Promise<void> {
    const [program, ...args] = this.inside(
      ...['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'none'],
      ...['-netdev', `tap,id=a,ifname=${tap},script=no,downscript=no`],
      ...['-netdev', 'hubport,id=b,hubid=0,netdev=a'],
      ...['-netdev', `stream,id=c,server=on,addr.type=unix,addr.path=${socket}`],
      ...['-netdev', 'hubport,id=d,hubid=0,netdev=c'],
      // It stands still until it listens: before that, frames for nobody end QEMU 7.2.
      ...['-S', '-monitor', 'stdio'],
    );
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    this.children.add(child);
    child.stdin.on('error', () => {});
    const until = Date.now() + commandMs;
    while (!existsSync(socket) && Date.now() < until) await pause(20);
    await pause(200);
    child.stdin.write('cont\n');
  }

  /** Answers what TCP connections bring, at every address of the namespace. */
  echo(port: number): Promise<void> {
    const script = `require('node:net').createServer((s) => s.pipe(s)).listen(${port}, () => console.log('listening'))`;
    return this.start(process.execPath, '-e', script);
  }

  /** Sends a word to such a port, again and again until an answer comes. */
  async ask(address: string, port: number, word: string): Promise<string> {
    const script = `
      const again = () => {
        const socket = require('node:net').connect(${port}, '${address}', () => socket.end('${word}'));
        socket.on('data', (data) => (process.stdout.write(data), process.exit(0)));
        socket.on('error', () => setTimeout(again, 200));
      };
      again();`;
    const [program, ...args] = this.inside(process.execPath, '-e', script);
    return (await run(program, args, { timeout: commandMs })).stdout;
  }

  /** The process in it that has this in its command line. */
  async processWith(text: string): Promise<number> {
    const own = await readlink(`/proc/${this.pid}/ns/net`);
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const line = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
      if (!line.includes(text)) continue;
      if ((await readlink(join('/proc', pid, 'ns/net')).catch(() => '')) === own) return Number(pid);
    }
    throw new Error(`no process has ${text}`);
  }

  async close(): Promise<void> {
    const all = [...this.children, this.holder];
    await Promise.all(
      all.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'close');
      }),
    );
  }
}
