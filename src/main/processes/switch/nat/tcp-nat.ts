import { createConnection, type Socket } from 'node:net';
import { headOf, type IpErrors, type IpPacket, type Obstacle } from '../ip/ip';
import type { ConnectionUser, TcpConnection } from '../tcp/connection';
import type { Flow } from '../tcp/stack';
import { HostStream, type HostStreams } from './host-stream';

/** The host gives up sooner or later than this, as its system likes; guests should not wait longer. Milliseconds. */
const connectMs = 30_000;

/** What a guest is told when the host cannot connect; everything else is told as a RST. */
const complaints: Record<string, Obstacle> = {
  EHOSTUNREACH: 'host',
  EHOSTDOWN: 'host',
  ETIMEDOUT: 'host',
  ENETUNREACH: 'network',
  ENETDOWN: 'network',
  EACCES: 'prohibited',
  EPERM: 'prohibited',
  EADDRNOTAVAIL: 'host',
};

/**
 * Connects on behalf of a guest. The guest's SYN is answered when the host has an answer, so that the guest learns
 * of refusals and silence as they are.
 */
export function connectToHost(
  target: { address: string; port: number },
  flow: Flow,
  packet: IpPacket,
  errors: IpErrors,
  streams: HostStreams,
): (connection: TcpConnection) => ConnectionUser {
  const asked = headOf(packet);
  return (connection) => {
    const socket: Socket = createConnection({
      host: target.address,
      port: target.port,
      allowHalfOpen: true,
      onread: {
        buffer: streams.memory.reading(connection.capacity, connection.segmentLength),
        callback: (length, bytes) => stream.take(bytes.subarray(0, length)),
      },
    });
    const stream: HostStream = new HostStream(connection, socket, streams);
    socket.pause();
    const timer = setTimeout(() => socket.destroy(new TimeoutError()), connectMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      connection.accept();
    });
    socket.once('close', () => clearTimeout(timer));
    socket.once('error', (error) => {
      if (!connection.isWaiting) return;
      const complaint = complaints[(error as { code?: string }).code ?? ''];
      if (complaint === undefined) {
        connection.abort('refused');
      } else {
        errors.unreachable(asked, flow.guest.mac, complaint);
        connection.drop('refused');
      }
    });
    return stream;
  };
}

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}
