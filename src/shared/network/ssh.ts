import { z } from 'zod';
import type { NetworkConfig } from './config';

/** Where a machine's secure shell is reached from this computer. */
export interface SshPlace {
  host: string;
  port: number;
}

/** The port of the secure shell (RFC 4253, section 4.1). */
export const sshPort = 22;

/** As whom a person logs in: a name that ssh cannot take for an option. */
export const sshUser = z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}_.@\\$-]{0,63}$/u);

/** The forward of this computer that leads to a machine's secure shell; undefined where there is none. Pure. */
export function sshForward(
  networks: readonly Pick<NetworkConfig, 'forwards'>[],
  machine: string,
): SshPlace | undefined {
  for (const forward of networks.flatMap(({ forwards }) => forwards)) {
    const offset = sshPort - forward.guestPort;
    const leadsThere = offset >= 0 && offset < (forward.count ?? 1);
    if (forward.machine !== machine || forward.protocol !== 'tcp' || !leadsThere) continue;
    // A forward that listens everywhere listens here as well.
    const host = forward.hostAddress === '0.0.0.0' ? '127.0.0.1' : forward.hostAddress;
    return { host, port: forward.hostPort + offset };
  }
  return undefined;
}
