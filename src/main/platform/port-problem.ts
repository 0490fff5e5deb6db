import type { ErrorValue } from '@shared/errors';
import { portOwner } from './port-owner';

/** Why a port of this computer cannot be had, for a person: with the program that has it, where the system tells. */
export async function portProblem(
  { hostAddress, hostPort, protocol }: { hostAddress: string; hostPort: number; protocol: 'tcp' | 'udp' },
  error: unknown,
): Promise<ErrorValue> {
  const { code, message } = error as { code?: string; message: string };
  const what = `${protocol.toUpperCase()} port ${hostPort} of ${hostAddress}`;
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(protocol, hostPort);
    const who = owner ? `“${owner.program}” (process ${owner.pid})` : 'Another program';
    return {
      code: 'network.port-in-use',
      message: `${who} uses ${what}.`,
      hint: owner ? 'End it, or choose another port.' : 'Choose another port.',
    };
  }
  if (code === 'EACCES') {
    return {
      code: 'file.denied',
      message: `The system does not let you use ${what}.`,
      hint: 'Choose a port of 1024 or above.',
    };
  }
  return { code: 'host.unavailable', message: `${what} cannot be used: ${message}` };
}
