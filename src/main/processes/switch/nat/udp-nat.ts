import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock';
import type { Datagram } from '../udp/datagram';
import type { Address } from '../ip/address';
import type { Origin, Receiver } from '../ip/ip';

/** A flow without datagrams is closed after this long (RFC 4787, REQ-5), in milliseconds. */
export const flowMs = 120_000;
const sweepMs = 10_000;
/** Bounds: sockets of one card and of all, peers of one socket, bytes that wait to be sent by one socket. */
export const maxFlowsPerCard = 512;
export const maxFlows = 4096;
const maxPeers = 256;
const maxUnsent = 1024 * 1024;

interface Flow {
  socket: Socket;
  guest: Receiver;
  /** The port of the switch that it came in by. */
  card: string;
  used: number;
  /** To whom it has sent: only they may answer (RFC 4787, address and port-dependent filtering). */
  peers: Map<string, { address: Address; port: number }>;
  unsent: number;
}

export interface UdpNatOptions {
  clock: Clock;
  /** Sends an answer to a guest. */
  deliver(to: Receiver & { port: number }, from: { address: Address; port: number }, data: Uint8Array): void;
}

/**
 * Guests' datagrams to the world: one socket of the host for each port of a guest (RFC 4787, REQ-1) and each
 * version of IP of those that it speaks to.
 */
export class UdpNat {
  private readonly flows = new Map<string, Flow>();
  /** By card. */
  private readonly counts = new Map<string, number>();
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly options: UdpNatOptions) {}

  get size(): number {
    return this.flows.size;
  }

  /**
   * @param from its sender's hardware address, and the port of the switch that it came in by
   * @param target where the datagram really goes
   */
  send(datagram: Datagram, from: Origin, target: { address: string; port: number }): void {
    const { source, sourcePort, destination, destinationPort } = datagram;
    const flow = this.flowOf(
      { mac: from.mac, address: source },
      sourcePort,
      isIPv6(target.address),
      from.card,
    );
    flow.used = this.options.clock.now();
    const peer = `${target.address} ${target.port}`;
    if (!flow.peers.has(peer)) {
      const [oldest] = flow.peers.keys();
      if (flow.peers.size >= maxPeers && oldest !== undefined) flow.peers.delete(oldest);
      flow.peers.set(peer, { address: destination, port: destinationPort });
    }
    const { length } = datagram.data;
    if (flow.unsent + length > maxUnsent) return;
    flow.unsent += length;
    // Copied: what the host has not sent yet must not change. Errors are lost datagrams, as on any network.
    flow.socket.send(Buffer.from(datagram.data), target.port, target.address, () => {
      flow.unsent -= length;
    });
  }

  close(): void {
    this.cancelSweep?.();
    for (const key of [...this.flows.keys()]) this.end(key);
  }

  private flowOf(guest: Receiver, port: number, overIpv6: boolean, card: string): Flow {
    const key = `${guest.address} ${port} ${overIpv6 ? 6 : 4}`;
    const known = this.flows.get(key);
    if (known) {
      known.guest.mac = guest.mac;
      return known;
    }
    this.makeRoom(card);
    const flow: Flow = {
      socket: overIpv6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4'),
      guest: { ...guest },
      card,
      used: 0,
      peers: new Map(),
      unsent: 0,
    };
    flow.socket.on('message', (data, { address, port: peerPort }) => {
      const peer = flow.peers.get(`${address} ${peerPort}`);
      if (!peer) return;
      flow.used = this.options.clock.now();
      this.options.deliver({ ...flow.guest, port }, peer, data);
    });
    flow.socket.on('error', () => {
      if (this.flows.get(key) === flow) this.end(key);
    });
    this.flows.set(key, flow);
    this.counts.set(card, (this.counts.get(card) ?? 0) + 1);
    if (!this.cancelSweep) this.sweepLater();
    return flow;
  }

  private sweepLater(): void {
    this.cancelSweep = this.options.clock.after(sweepMs, () => {
      this.cancelSweep = undefined;
      const oldest = this.options.clock.now() - flowMs;
      for (const [key, { used }] of [...this.flows]) if (used < oldest) this.end(key);
      if (this.flows.size > 0) this.sweepLater();
    });
  }

  /** Ends the oldest flow of a card that has all that it may have, or of the one with the most where all have too many. */
  private makeRoom(card: string): void {
    if ((this.counts.get(card) ?? 0) >= maxFlowsPerCard) this.endOldest(card);
    if (this.flows.size < maxFlows) return;
    const [greediest] = [...this.counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0]);
    this.endOldest(greediest);
  }

  private endOldest(card: string): void {
    let oldest: { key: string; used: number } | undefined;
    for (const [key, flow] of this.flows) {
      if (flow.card === card && (!oldest || flow.used < oldest.used)) oldest = { key, used: flow.used };
    }
    if (oldest) this.end(oldest.key);
  }

  private end(key: string): void {
    const flow = this.flows.get(key);
    if (!flow) return;
    this.flows.delete(key);
    const count = (this.counts.get(flow.card) ?? 1) - 1;
    if (count > 0) this.counts.set(flow.card, count);
    else this.counts.delete(flow.card);
    flow.socket.close();
  }
}
