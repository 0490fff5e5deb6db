import { createConnection } from 'node:net';
import { type Icmp, unreachable, type UnreachableCode } from '../icmp/icmp';
import type { Ipv4Packet } from '../ipv4/packet';
import type { ConnectionUser, TcpConnection } from '../tcp/connection';
import type { Flow } from '../tcp/stack';
import { HostStream, type HostStreams } from './host-stream';

/** The host gives up sooner or later than this, as its system likes; guests should not wait longer. Milliseconds. */
const connectMs = 30_000;

/** What a guest is told when the host cannot connect; everything else is told as a RST. */
const complaints: Record<string, UnreachableCode> = {
  EHOSTUNREACH: unreachable.host,
  EHOSTDOWN: unreachable.host,
  ETIMEDOUT: unreachable.host,
  ENETUNREACH: unreachable.network,
  ENETDOWN: unreachable.network,
  EACCES: unreachable.prohibited,
  EPERM: unreachable.prohibited,
  EADDRNOTAVAIL: unreachable.host,
};

/**
 * Connects on behalf of a guest. The guest's SYN is answered when the host has an answer, so that the guest learns
 * of refusals and silence as they are.
 */
export function connectToHost(
  target: { address: string; port: number },
  flow: Flow,
  packet: Ipv4Packet,
  icmp: Icmp,
  streams: HostStreams,
): (connection: TcpConnection) => ConnectionUser {
  const asked = headOf(packet);
  return (connection) => {
    const socket = createConnection({
      host: target.address,
      port: target.port,
      allowHalfOpen: true,
      family: 4,
    });
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
        icmp.unreachable(asked, flow.guest.mac, complaint);
        connection.drop('refused');
      }
    });
    return new HostStream(connection, socket, streams);
  };
}

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

/** As much of a packet as an error about it quotes, in memory of its own. */
function headOf(packet: Ipv4Packet): Ipv4Packet {
  const bytes = Buffer.from(packet.bytes.subarray(packet.header, Math.min(packet.payload + 8, packet.end)));
  const payload = packet.payload - packet.header;
  return { ...packet, bytes, header: 0, payload, end: bytes.length };
}
