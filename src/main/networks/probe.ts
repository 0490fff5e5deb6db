import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Forward } from '@shared/network/config';
import { portProblem } from '../platform/port-problem';

/**
 * Sees whether the ports of a forward are free now, by having them for a moment.
 *
 * @throws Failure `network.port-in-use` and others that say why not
 */
export async function probePorts({
  protocol,
  hostAddress,
  hostPort,
  count = 1,
}: Pick<Forward, 'protocol' | 'hostAddress' | 'hostPort' | 'count'>): Promise<void> {
  for (let port = hostPort; port < hostPort + count; port++) {
    try {
      await (protocol === 'tcp' ? probeTcp(hostAddress, port) : probeUdp(hostAddress, port));
    } catch (error) {
      throw await portProblem({ protocol, hostAddress, hostPort: port }, error);
    }
  }
}

function probeTcp(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function probeUdp(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve()));
  });
}
