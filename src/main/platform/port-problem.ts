import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { portOwner } from './port-owner';

/** Why a port of this computer cannot be had, for a person: with the program that has it, where the system tells. */
export async function portProblem(
  { hostAddress, hostPort, protocol }: { hostAddress: string; hostPort: number; protocol: 'tcp' | 'udp' },
  error: unknown,
): Promise<Failure> {
  const { code, message } = error as { code?: string; message: string };
  const what = phrase('network.port', {
    protocol: protocol.toUpperCase(),
    port: hostPort,
    address: hostAddress,
  });
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(protocol, hostPort);
    if (!owner) {
      return new Failure('network.port-in-use', phrase('network.portTaken', { what }), {
        hint: phrase('network.portTakenHint'),
      });
    }
    return new Failure('network.port-in-use', phrase('network.portTakenBy', { ...owner, what }), {
      hint: phrase('network.portTakenByHint'),
    });
  }
  if (code === 'EACCES') {
    return new Failure('file.denied', phrase('network.portDenied', { what }), {
      hint: phrase('network.portDeniedHint'),
    });
  }
  return new Failure('host.unavailable', phrase('network.portUnusable', { what, why: message }));
}
