import {
  headerLength,
  etherTypes,
  etherTypeOf,
  readMac,
  writeHeader,
  writeMac,
  broadcastMac,
} from '../ethernet/frame';
import { arpLength, arpOperations, parseArp, writeArp } from '../arp/message';
import { systemClock } from '../clock';
import { messageTypes, optionCodes } from '../dhcp/message';
import { encodeName } from '../dns/name';
import { FrameArena } from '../gateway/link';
import { protocols } from '../ip/ip';
import { Reassembly } from '../ip/reassembly';
import { type Ipv4Packet, longestIpv4Payload, parseIpv4Packet } from '../ipv4/packet';
import { Ipv4Sender } from '../ipv4/sender';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import type { LearningSwitch } from '../ports/learning-switch';
import { noTraffic, type SwitchPort } from '../ports/port';
import type { ConnectionEnd, ConnectionUser, TcpConnection } from '../tcp/connection';
import { TcpStack } from '../tcp/stack';
import { type Datagram, parseDatagram, sendDatagram } from '../udp/datagram';

/** Only what fails takes that long, also on a computer that has much else to do. */
const waitMs = 60_000;

/** A guest without a machine: a station on the switch that speaks what guests speak, as tests tell it to. */
export class TestGuest implements SwitchPort {
  readonly counters = noTraffic();
  readonly frames: Buffer[] = [];
  readonly packets: Ipv4Packet[] = [];
  readonly datagrams: Datagram[] = [];
  address = 0;
  gatewayMac = 0;
  readonly ip: Ipv4Sender;
  readonly tcp: TcpStack;
  /** Answers connections that come in. */
  serve: ((connection: TcpConnection) => ConnectionUser) | undefined;
  private readonly arena: FrameArena;
  private readonly reassembly = new Reassembly<Ipv4Packet>(systemClock, longestIpv4Payload);
  private nextPort = 40_000;

  constructor(
    readonly id: string,
    readonly mac: number,
    private readonly bridge: LearningSwitch,
  ) {
    this.arena = new FrameArena(mac, () => setImmediate(() => this.flush()));
    this.ip = new Ipv4Sender(this.arena, 1500);
    this.tcp = new TcpStack({ ip: this.ip, clock: systemClock, open: () => this.serve });
    bridge.add(this);
  }

  deliver(run: Buffer): boolean {
    for (let position = 0; position < run.length;) {
      const end = position + prefixLength + frameLength(run, position);
      this.receive(Buffer.from(run.subarray(position + prefixLength, end)));
      position = end;
    }
    this.tcp.settle();
    return false;
  }

  hold(): void {}
  release(): void {}

  /** Sends a frame as it is. */
  send(frame: Uint8Array): void {
    this.arena.frame(frame.length).set(frame);
    this.flush();
  }

  flush(): void {
    this.arena.pass((run) => this.bridge.receive(this, run, 0));
  }

  /** Asks who has an address; resolves to the hardware address. */
  async arp(target: number): Promise<number> {
    const frame = Buffer.alloc(headerLength + arpLength);
    writeHeader(frame, broadcastMac, this.mac, etherTypes.arp);
    writeArp(frame, headerLength, {
      operation: arpOperations.request,
      senderMac: this.mac,
      senderAddress: this.address,
      targetMac: 0,
      targetAddress: target,
    });
    this.send(frame);
    const reply = await this.until(() =>
      this.frames
        .filter((candidate) => etherTypeOf(candidate) === etherTypes.arp)
        .map((candidate) => parseArp(candidate, headerLength))
        .find((message) => message?.operation === arpOperations.reply && message.senderAddress === target),
    );
    return reply.senderMac;
  }

  /** Sends a DHCP message; resolves to the answer, or undefined when none comes at once. */
  dhcp(
    type: number,
    options: readonly (readonly [number, Buffer])[] = [],
    claimedMac = this.mac,
    clientAddress: Buffer = Buffer.alloc(4),
  ): Buffer | undefined {
    const message = Buffer.alloc(240);
    message[0] = 1;
    message[1] = 1;
    message[2] = 6;
    message.writeUInt32BE(0x1234, 4);
    clientAddress.copy(message, 12);
    writeMac(message, 28, claimedMac);
    message.writeUInt32BE(0x63825363, 236);
    const all: (readonly [number, Buffer])[] = [[optionCodes.messageType, Buffer.of(type)], ...options];
    const encoded = all.map(([code, value]) => Buffer.concat([Buffer.of(code, value.length), value]));
    const before = this.datagrams.length;
    sendDatagram(
      this.ip,
      { mac: broadcastMac, address: 0xffffffff, port: 67 },
      { address: 0, port: 68 },
      Buffer.concat([message, ...encoded, Buffer.of(255)]),
    );
    this.flush();
    return this.datagrams.slice(before).find(({ sourcePort }) => sourcePort === 67)?.data;
  }

  /** Gets an address, as a DHCP client does. */
  lease(): number {
    const offer = this.dhcp(messageTypes.discover);
    if (!offer) throw new Error('no address was offered');
    const wanted = offer.subarray(16, 20);
    const ack = this.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from(wanted)]]);
    if (!ack) throw new Error('no lease was given');
    this.address = ack.readUInt32BE(16);
    return this.address;
  }

  /** Sends a datagram through the gateway; resolves to the answer. */
  async ask(address: number, port: number, data: Uint8Array): Promise<Datagram> {
    const own = this.nextPort++;
    this.sendUdp(own, address, port, data);
    return this.until(() =>
      this.datagrams.find(
        ({ source, sourcePort, destinationPort }) =>
          source === address && sourcePort === port && destinationPort === own,
      ),
    );
  }

  sendUdp(ownPort: number, address: number, port: number, data: Uint8Array): void {
    const to = { mac: this.gatewayMac, address, port };
    sendDatagram(this.ip, to, { address: this.address, port: ownPort }, data);
    this.flush();
  }

  /** Sends a packet through the gateway. */
  sendPacket(address: number, protocol: number, payload: Uint8Array): void {
    this.ip.send({ mac: this.gatewayMac, address }, this.address, protocol, payload);
    this.flush();
  }

  connect(address: number, port: number): TestConnection {
    const user = new TestConnection();
    user.connection = this.tcp.connect(
      {
        guest: { mac: this.gatewayMac, address },
        guestPort: port,
        remote: this.address,
        remotePort: this.nextPort++,
      },
      () => user,
    );
    return user;
  }

  /** The ICMP messages that have come, as type and code. */
  get complaints(): string[] {
    return this.packets
      .filter(({ protocol }) => protocol === protocols.icmp)
      .map(({ bytes, payload }) => `${bytes[payload]}/${bytes[payload + 1]}`);
  }

  /** Polls until there is something. */
  until<T>(find: () => T | undefined, limitMs = waitMs): Promise<T> {
    return until(find, limitMs);
  }

  private receive(frame: Buffer): void {
    if (this.frames.length < 10_000) this.frames.push(frame);
    const to = readMac(frame, 0);
    if ((to !== this.mac && to !== broadcastMac) || etherTypeOf(frame) !== etherTypes.ipv4) return;
    const piece = parseIpv4Packet(frame, headerLength);
    if (!piece) throw new Error('a packet with a wrong header');
    const isFragment = piece.moreFragments || piece.fragmentOffset > 0;
    const packet = isFragment ? this.reassembly.add(piece, this.id) : piece;
    if (!packet) return;
    if (this.packets.length < 10_000) this.packets.push(packet);
    if (packet.protocol === protocols.tcp)
      this.tcp.receive(packet, { mac: readMac(frame, 6), card: this.id });
    if (packet.protocol !== protocols.udp) return;
    const datagram = parseDatagram(packet);
    if (!datagram) throw new Error('a datagram with a wrong checksum');
    this.datagrams.push(datagram);
  }
}

/** Polls until there is something. */
export async function until<T>(find: () => T | undefined, limitMs = waitMs): Promise<T> {
  for (const start = performance.now(); performance.now() - start < limitMs;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not within ${limitMs} ms`);
}

/** A guest's end of a connection. */
export class TestConnection implements ConnectionUser {
  connection: TcpConnection | undefined;
  isOpen = false;
  peerEnded = false;
  end: ConnectionEnd | undefined;
  private readonly pieces: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
  get length(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }
  opened(): void {
    this.isOpen = true;
  }
  data(bytes: Buffer): void {
    this.pieces.push(Buffer.from(bytes));
  }
  ended(): void {
    this.peerEnded = true;
  }
  backlog(): number {
    return 0;
  }
  drained(): void {}
  closed(how: ConnectionEnd): void {
    this.end = how;
  }
}

/** A DNS question for `name`. */
export function dnsQuestion(name: string, type: number, id = 0x4242): Buffer {
  const header = Buffer.from([id >>> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name), Buffer.from([0, type, 0, 1])]);
}
