import { createSocket, type Socket } from 'node:dgram';
import type { Forward } from '@shared/network/config';
import type { Clock } from '../clock';
import { flowMs } from '../nat/udp-nat';
import type { Datagram } from '../udp/datagram';
import type { FindTarget, ForwardTarget } from './forwards';

const maxPeers = 1024;

/** A peer outside, and the port of the gateway that stands for it. */
interface Peer {
  address: string;
  port: number;
  gatewayPort: number;
  used: number;
  /** The guest that has heard of it: nobody else may answer. */
  guest: number | undefined;
}

export interface UdpForwardOptions {
  clock: Clock;
  target: FindTarget;
  /** Takes and gives back ports of the gateway's address. Undefined: all are taken. */
  takePort(forward: UdpForward): number | undefined;
  givePort(port: number): void;
  deliver(to: ForwardTarget & { port: number }, fromPort: number, data: Uint8Array): void;
}

/** Passes datagrams to a port of the host on to a guest, and the guest's answers back to where they came from. */
export class UdpForward {
  private readonly socket: Socket;
  private readonly peers = new Map<string, Peer>();
  private readonly byPort = new Map<number, Peer>();

  constructor(
    private readonly forward: Forward,
    private readonly options: UdpForwardOptions,
  ) {
    this.socket = createSocket('udp4');
    this.socket.on('message', (data, { address, port }) => this.receive(data, address, port));
  }

  /** @throws the errors of `node:dgram` when the port cannot be had */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind(
        { address: this.forward.hostAddress, port: this.forward.hostPort, exclusive: true },
        () => {
          this.socket.off('error', reject);
          // What goes wrong with single datagrams is their loss.
          this.socket.on('error', () => {});
          resolve();
        },
      );
    });
  }

  async close(): Promise<void> {
    for (const { gatewayPort } of this.peers.values()) this.options.givePort(gatewayPort);
    this.peers.clear();
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  /** An answer of the guest to the gateway's port that stands for a peer. */
  answer({ source, destinationPort, sourcePort, data }: Datagram<number>): void {
    const peer = this.byPort.get(destinationPort);
    if (!peer || source !== peer.guest || sourcePort !== this.forward.guestPort) return;
    peer.used = this.options.clock.now();
    this.socket.send(Buffer.from(data), peer.port, peer.address, () => {});
  }

  private receive(data: Buffer, address: string, port: number): void {
    const peer = this.peerOf(address, port);
    if (!peer) return;
    peer.used = this.options.clock.now();
    this.options.target(address, (guest) => {
      if (!guest) return;
      peer.guest = guest.address;
      this.options.deliver({ ...guest, port: this.forward.guestPort }, peer.gatewayPort, data);
    });
  }

  private peerOf(address: string, port: number): Peer | undefined {
    const key = `${address} ${port}`;
    const known = this.peers.get(key);
    if (known) return known;
    this.forgetOld();
    const gatewayPort = this.options.takePort(this);
    if (gatewayPort === undefined) return undefined;
    const peer: Peer = { address, port, gatewayPort, used: 0, guest: undefined };
    this.peers.set(key, peer);
    this.byPort.set(gatewayPort, peer);
    return peer;
  }

  private forgetOld(): void {
    const oldest = this.options.clock.now() - flowMs;
    for (const [key, peer] of this.peers) {
      if (peer.used >= oldest && this.peers.size < maxPeers) continue;
      this.peers.delete(key);
      this.byPort.delete(peer.gatewayPort);
      this.options.givePort(peer.gatewayPort);
    }
  }
}
