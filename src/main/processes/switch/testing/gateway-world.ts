import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { parseIpv4 } from '@shared/network/address';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { type Clock, systemClock } from '../clock';
import { Gateway, type GatewayOptions } from '../gateway/gateway';
import { GatewayPort } from '../gateway/gateway-port';
import { Machines } from '../gateway/machines';
import type { Ping } from '../icmp/ping';
import { LearningSwitch } from '../ports/learning-switch';
import { TestGuest } from './guest';

export const ip = (text: string): number => parseIpv4(text) ?? 0;
export const gatewayAddress = ip('10.86.0.1');
/** An address of documentation (RFC 5737): nobody's. */
export const outside = ip('203.0.113.9');
export const machineA = 'aaaaaaaaaaaaaaaa';

/** A gateway, a guest of it, and servers on this computer, until it is closed. */
export class GatewayWorld {
  readonly bridge: LearningSwitch;
  readonly gateway: Gateway;
  readonly machines = new Machines();
  readonly a: TestGuest;
  /** Of the host's resolver, on its loopback; nobody listens there but by chance. */
  resolverPort = 9;
  /** What addresses outside answer. */
  ping: Ping = () => Promise.resolve('silent');
  private readonly closing: (() => Promise<unknown>)[] = [];

  /** @param changes on the default network */
  constructor(
    changes: Partial<NetworkConfig> = {},
    options: Partial<GatewayOptions> = {},
    clock: Clock = systemClock,
  ) {
    this.bridge = new LearningSwitch(clock);
    const port = new GatewayPort(0x025600000001, this.bridge, clock);
    this.gateway = port.gateway = new Gateway({
      link: port.link,
      clock,
      wallClock: Date.now,
      machines: this.machines,
      config: { ...defaultNetwork(), ...changes },
      leasesChanged: () => {},
      resolvers: () => [{ address: '127.0.0.1', port: this.resolverPort }],
      ping: (address) => this.ping(address),
      searchDomains: () => ['corp.example'],
      ...options,
    });
    this.a = new TestGuest('a', 0x525400000001, this.bridge);
    this.machines.plug({ port: 'a', machine: machineA, name: 'Büro PC', mac: this.a.mac });
  }

  /** Another guest, that has neither an address nor met anybody. */
  guest(id: string, mac: number): TestGuest {
    return new TestGuest(id, mac, this.bridge);
  }

  /** Gives a guest an address, and lets it know the gateway. */
  async join(guest: TestGuest = this.a): Promise<TestGuest> {
    guest.lease();
    guest.gatewayMac = await guest.arp(gatewayAddress);
    return guest;
  }

  /** Listens on the host's loopback; resolves to the port. */
  async tcpServer(onConnection: Parameters<typeof createServer>[1]): Promise<number> {
    const server: Server = createServer({ allowHalfOpen: true }, onConnection);
    // What the gateway resets when a test ends.
    server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.atEnd(() => new Promise((resolve) => server.close(resolve)));
    return (server.address() as { port: number }).port;
  }

  /** The same with datagrams. */
  async udpServer(answer: (data: Buffer) => Buffer | undefined): Promise<number> {
    const socket: UdpSocket = createSocket('udp4');
    socket.on('message', (data, { port, address }) => {
      const reply = answer(data);
      if (reply) socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    this.atEnd(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return socket.address().port;
  }

  /** A socket of somebody on this computer. */
  udpClient(): UdpSocket {
    const socket = createSocket('udp4');
    this.atEnd(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return socket;
  }

  offer(protocol: 'tcp' | 'udp', port: number, hostPort: number): void {
    this.configure({ offers: [{ protocol, port, hostPort }] });
  }

  /** @param changes on the default network */
  configure(changes: Partial<NetworkConfig>): void {
    this.gateway.configure({ ...defaultNetwork(), ...changes });
  }

  /** Ends the server that was made last. */
  async closeLast(): Promise<void> {
    await this.closing.pop()?.();
  }

  async close(): Promise<void> {
    await this.gateway.close();
    this.bridge.close();
    await Promise.all(this.closing.map((close) => close()));
  }

  private atEnd(close: () => Promise<unknown>): void {
    this.closing.push(close);
  }
}
