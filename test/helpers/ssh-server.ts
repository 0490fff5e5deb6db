import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './programs';

const run = promisify(execFile);

/** OpenSSH's server: its program, and where the libraries are that this computer may lack. */
export interface SshServerProgram {
  path: string;
  libraries: string | undefined;
}

/** With the libraries that nothing but it needs. */
const packages = ['openssh-server', 'libwrap0', 'libnsl2', 'libtirpc3'];

/**
 * The installed server, or one that is unpacked into the folder from the system's packages: installing it would let it
 * start with the computer. Undefined where neither is to be had.
 */
export async function findSshServer(folder: string): Promise<SshServerProgram | undefined> {
  const installed = findProgram('sshd');
  if (installed) return { path: installed, libraries: undefined };
  if (!findProgram('apt-get') || !findProgram('dpkg-deb')) return undefined;
  try {
    await run('apt-get', ['download', '-qq', ...packages], { cwd: folder, timeout: 60_000 });
    const archives = (await fs.readdir(folder)).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) await run('dpkg-deb', ['-x', path.join(folder, archive), folder]);
  } catch (error) {
    console.warn(error instanceof Error ? error.message : error);
    return undefined;
  }
  const found = await fs.readdir(folder, { recursive: true });
  const libraries = new Set(
    found.filter((name) => /\.so\.\d+$/.test(name)).map((name) => path.dirname(name)),
  );
  return {
    path: path.join(folder, 'usr/sbin/sshd'),
    libraries: [...libraries].map((name) => path.join(folder, name)).join(path.delimiter),
  };
}

/** A server of this computer, and the agent that has the only key it takes. */
export interface SshServer {
  stop(): Promise<void>;
}

/** Where the agent listens, for `SSH_AUTH_SOCK`; known before it is started. */
export const agentSocketIn = (folder: string): string => path.join(folder, 'agent');

/**
 * Starts a server on a port of the loopback interface, which lets in whoever runs the test, by a key that is made
 * here and never leaves the folder.
 */
export async function startSshServer(
  program: SshServerProgram,
  folder: string,
  port: number,
): Promise<SshServer> {
  const hostKey = path.join(folder, 'host-key');
  const userKey = path.join(folder, 'user-key');
  for (const key of [hostKey, userKey]) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  // As root it puts itself there before anybody has logged in.
  if (process.getuid?.() === 0) await fs.mkdir('/run/sshd', { recursive: true });
  const options = [
    'ListenAddress=127.0.0.1',
    `AuthorizedKeysFile=${userKey}.pub`,
    'StrictModes=no',
    'UsePAM=no',
    'PidFile=none',
    'PermitRootLogin=prohibit-password',
    'PasswordAuthentication=no',
    'KbdInteractiveAuthentication=no',
  ].flatMap((option) => ['-o', option]);
  const server = spawn(
    program.path,
    ['-D', '-f', '/dev/null', '-h', hostKey, '-p', String(port), ...options],
    {
      stdio: 'ignore',
      env: { ...process.env, ...(program.libraries && { LD_LIBRARY_PATH: program.libraries }) },
    },
  );
  const agentSocket = agentSocketIn(folder);
  const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
  const stop = async (): Promise<void> => void (await Promise.all([end(server), end(agent)]));
  try {
    await until(server, () => reach(port));
    const env = { ...process.env, SSH_AUTH_SOCK: agentSocket };
    await until(agent, () => run('ssh-add', ['-q', userKey], { env }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Tries until it works; neither of them says when it can be reached. */
async function until(program: ChildProcess, attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isAlive(program)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

async function end(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
