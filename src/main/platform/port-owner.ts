import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Other programs that are asked must answer within this time, in milliseconds. */
const patienceMs = 3000;
/** The state of a socket that listens, in Linux's tables. */
const listening = '0A';

export interface PortOwner {
  /** The program's name, as the system calls it. */
  program: string;
  pid: number;
}

/**
 * The program that has a port of this computer, where the system tells: of other people's programs it may not.
 * Never throws.
 */
export async function portOwner(protocol: 'tcp' | 'udp', port: number): Promise<PortOwner | undefined> {
  try {
    if (process.platform === 'linux') return await linuxOwner(protocol, port);
    if (process.platform === 'win32') return await windowsOwner(protocol, port);
    return await lsofOwner(protocol, port);
  } catch {
    return undefined; // the error that led here is what is told
  }
}

async function linuxOwner(protocol: 'tcp' | 'udp', port: number): Promise<PortOwner | undefined> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const inodes = new Set(tables.flatMap((table) => socketsOf(table, protocol, port)));
  if (inodes.size === 0) return undefined;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || !(await holdsSocket(name, inodes))) continue;
    const program = await readFile(join('/proc', name, 'comm'), 'utf8');
    return { program: program.trim(), pid: Number(name) };
  }
  return undefined;
}

/** The inodes of the sockets on a port, of a table such as `/proc/net/tcp` (proc(5)). */
export function socketsOf(table: string, protocol: 'tcp' | 'udp', port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      const fits = local?.endsWith(`:${wanted}`) && (protocol === 'udp' || state === listening);
      return fits && inode !== undefined && inode !== '0' ? [inode] : [];
    });
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = join('/proc', pid, 'fd');
  // Of other people's programs nothing can be seen; programs end while they are looked at.
  const files = await readdir(folder).catch(() => []);
  for (const file of files) {
    const target = await readlink(join(folder, file)).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

async function lsofOwner(protocol: 'tcp' | 'udp', port: number): Promise<PortOwner | undefined> {
  const state = protocol === 'tcp' ? ['-sTCP:LISTEN'] : [];
  const output = await run('lsof', ['-nP', '-Fpc', `-i${protocol.toUpperCase()}:${port}`, ...state]);
  const pid = /^p(\d+)$/m.exec(output)?.[1];
  const program = /^c(.+)$/m.exec(output)?.[1];
  return pid === undefined || program === undefined ? undefined : { program, pid: Number(pid) };
}

async function windowsOwner(protocol: 'tcp' | 'udp', port: number): Promise<PortOwner | undefined> {
  const table = await run('netstat', ['-ano', '-p', protocol]);
  const line = table
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    // The remote end of what listens is port 0; the words for states are translated.
    .find(([, local, remote]) => local?.endsWith(`:${port}`) && (remote?.endsWith(':0') || remote === '*:*'));
  const pid = Number(line?.at(-1));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const task = await run('tasklist', ['/fo', 'csv', '/nh', '/fi', `pid eq ${pid}`]);
  const program = /^"([^"]+)"/m.exec(task)?.[1];
  return program === undefined ? undefined : { program, pid };
}

function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: patienceMs, windowsHide: true }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
