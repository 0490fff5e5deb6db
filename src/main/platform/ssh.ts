import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { type SshPlace, sshUser } from '@shared/network/ssh';
import { writeAtomic } from './atomic-file';
import { findProgram } from './program';

/** What the system's ssh is started with. */
export interface SshCall {
  place: SshPlace;
  /** The machine's id: its keys belong to it, whichever port leads there. */
  machine: string;
  /** `ssh` in the machine's folder. */
  folder: string;
  /** As whom; undefined: as ssh's own configuration says. */
  user: string | undefined;
  /** What comes after `--`; nothing for a shell. */
  rest: readonly string[];
}

/**
 * The arguments of the system's ssh. Keys of a guest are kept with its machine: ports are used again by others, and
 * a warning for each of them would teach people to overlook the one that matters. Pure.
 */
export function sshArguments({ place, machine, folder, user, rest }: SshCall): string[] {
  return [
    ...['-p', String(place.port)],
    ...['-o', `UserKnownHostsFile="${sshPath(join(folder, 'known_hosts'))}"`],
    ...['-o', `HostKeyAlias=vivarium-${machine}`],
    ...['-o', 'StrictHostKeyChecking=accept-new'],
    ...['-o', 'CheckHostIP=no'],
    ...(user === undefined ? [] : ['-l', user]),
    ...[place.host, ...rest],
  ];
}

/** A path within quotation marks, in which ssh fills nothing in (ssh_config(5), TOKENS). */
function sshPath(path: string): string {
  return path.replaceAll('%', '%%').replace(/["\\]/g, '\\$&');
}

/** @throws Failure `host.unavailable` where there is no ssh */
export async function findSsh(): Promise<string> {
  const ssh = await findProgram('ssh');
  if (ssh) return ssh;
  throw new Failure('host.unavailable', phrase('network.noSsh'), {
    hint: phrase('network.noSshHint'),
  });
}

/**
 * As whom a person logs in: who is given, who was given last, or nobody. Remembers who is given.
 *
 * @param folder `ssh` in the machine's folder; made when missing
 */
export async function sshUserOf(folder: string, given: string | undefined): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'user');
  if (given !== undefined) {
    await writeAtomic(file, `${given}\n`);
    return given;
  }
  const kept = sshUser.safeParse((await readFile(file, 'utf8').catch(() => '')).trim());
  return kept.success ? kept.data : undefined;
}

/** A port of the loopback interface that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
