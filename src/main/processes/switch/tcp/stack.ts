import { randomInt } from 'node:crypto';
import type { Clock } from '../clock';
import type { Address } from '../ip/address';
import type { IpPacket, IpSender, Receiver } from '../ip/ip';
import { type ConnectionUser, TcpConnection } from './connection';
import { flags, parseSegment, resetFor, type Segment, sendSegment, tcpHeaderLength } from './segment';

/** Bounds on what guests can make us hold. Beyond them a SYN is not answered, as on a busy server. */
export const maxConnections = 16_384;
export const maxConnectionsPerGuest = 4096;
/** Connections of one guest whose host has not answered yet. */
export const maxWaitingPerGuest = 256;
const sweepMs = 30_000;

/** Both ends of a connection. `remote` is whom the guest believes to speak with. */
export interface Flow {
  guest: Receiver;
  guestPort: number;
  remote: Address;
  remotePort: number;
}

export interface TcpStackOptions {
  ip: IpSender;
  clock: Clock;
  /**
   * Decides about a connection that a guest wants to open. The function that is returned makes the other side,
   * which accepts, drops or aborts the connection; undefined refuses it with a RST.
   */
  open(flow: Flow, packet: IpPacket): ((connection: TcpConnection) => ConnectionUser) | undefined;
}

interface Entry {
  connection: TcpConnection;
  flow: Flow;
  /** The guest has opened it, not somebody by a forward. */
  byGuest: boolean;
}

interface Guest {
  connections: Map<string, Entry>;
}

/** All TCP connections between the guests of one network and the gateway. */
export class TcpStack {
  private readonly guests = new Map<Address, Guest>();
  private readonly due = new Set<TcpConnection>();
  private count = 0;
  private last: { key: string; source: Address; entry: Entry } | undefined;
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly options: TcpStackOptions) {}

  get size(): number {
    return this.count;
  }

  /** A packet of a guest. */
  receive(packet: IpPacket, mac: number): void {
    const segment = parseSegment(packet);
    if (!segment) return;
    const key = keyOf(segment.sourcePort, segment.destination, segment.destinationPort);
    const entry = this.find(segment.source, key);
    if (entry && !(isSyn(segment) && entry.connection.mayBeReplacedBy(segment))) {
      entry.connection.receive(segment);
      return;
    }
    entry?.connection.forget();
    if (isSyn(segment)) this.answer(packet, segment, mac);
    else this.refuse(segment, mac);
  }

  /**
   * Opens a connection to a guest.
   *
   * @returns undefined when there are too many
   */
  connect(flow: Flow, userOf: (connection: TcpConnection) => ConnectionUser): TcpConnection | undefined {
    return this.add(flow, userOf, undefined);
  }

  /** Whether a connection between these ends is open. */
  isUsed(flow: Flow): boolean {
    const key = keyOf(flow.guestPort, flow.remote, flow.remotePort);
    return this.guests.get(flow.guest.address)?.connections.has(key) ?? false;
  }

  /** Ends, with a RST, the connections that guests have opened and that are not wanted any more. */
  abortWhere(unwanted: (flow: Flow) => boolean): void {
    for (const { connections } of [...this.guests.values()]) {
      for (const { connection, flow, byGuest } of [...connections.values()]) {
        if (byGuest && unwanted(flow)) connection.abort();
      }
    }
  }

  /** Sends what is due at the end of a call into the gateway. */
  settle(): void {
    if (this.due.size === 0) return;
    for (const connection of this.due) connection.settle();
    this.due.clear();
  }

  close(): void {
    this.cancelSweep?.();
    for (const { connections } of [...this.guests.values()]) {
      for (const { connection } of [...connections.values()]) {
        connection.abort();
        if (connection.isOver) connection.forget();
      }
    }
  }

  private find(source: Address, key: string): Entry | undefined {
    if (this.last?.key === key && this.last.source === source) return this.last.entry;
    const entry = this.guests.get(source)?.connections.get(key);
    if (entry) this.last = { key, source, entry };
    return entry;
  }

  private answer(packet: IpPacket, segment: Segment, mac: number): void {
    if (!this.hasRoom(segment.source)) return;
    const flow: Flow = {
      guest: { mac, address: segment.source },
      guestPort: segment.sourcePort,
      remote: segment.destination,
      remotePort: segment.destinationPort,
    };
    const userOf = this.options.open(flow, packet);
    if (userOf) this.add(flow, userOf, segment);
    else this.refuse(segment, mac);
  }

  private hasRoom(source: Address): boolean {
    if (this.count >= maxConnections) return false;
    const guest = this.guests.get(source);
    if (!guest) return true;
    if (guest.connections.size >= maxConnectionsPerGuest && !this.forgetOver(guest)) return false;
    let waiting = 0;
    // Those that wait are the youngest, for the most part; older ones are looked at when there are many.
    for (const { connection } of guest.connections.values()) if (connection.isWaiting) waiting++;
    return waiting < maxWaitingPerGuest;
  }

  /** Makes room by forgetting a connection that is only kept in case its last segment was lost. */
  private forgetOver({ connections }: Guest): boolean {
    for (const { connection } of connections.values()) {
      if (!connection.isOver) continue;
      connection.forget();
      return true;
    }
    return false;
  }

  private add(
    flow: Flow,
    userOf: (connection: TcpConnection) => ConnectionUser,
    first: Segment | undefined,
  ): TcpConnection | undefined {
    if (this.count >= maxConnections) return undefined;
    const { ip, clock } = this.options;
    const { address } = flow.guest;
    const key = keyOf(flow.guestPort, flow.remote, flow.remotePort);
    const ends = { source: flow.remote, sourcePort: flow.remotePort, destinationPort: flow.guestPort };
    let user: ConnectionUser | undefined = undefined;
    const connection: TcpConnection = new TcpConnection(
      {
        clock,
        mss: ip.mtu - ip.headerLength - tcpHeaderLength,
        initialSequence: randomInt(2 ** 32),
        output: (segment) => sendSegment(ip, flow.guest, ends, segment),
        due: (which) => void this.due.add(which),
        gone: () => this.remove(address, key),
      },
      // The other side may need the connection, and the connection the other side.
      {
        opened: () => user?.opened(),
        data: (bytes) => user?.data(bytes),
        ended: () => user?.ended(),
        backlog: () => user?.backlog() ?? 0,
        drained: () => user?.drained(),
        closed: (how) => user?.closed(how),
      },
      first,
    );
    const guest = this.guests.get(address) ?? { connections: new Map<string, Entry>() };
    this.guests.set(address, guest);
    guest.connections.set(key, { connection, flow, byGuest: first !== undefined });
    this.count++;
    if (!this.cancelSweep) this.sweepLater();
    user = userOf(connection);
    return connection;
  }

  private remove(address: Address, key: string): void {
    const guest = this.guests.get(address);
    if (!guest?.connections.delete(key)) return;
    this.count--;
    this.last = undefined;
    if (guest.connections.size === 0) this.guests.delete(address);
  }

  private sweepLater(): void {
    this.cancelSweep = this.options.clock.after(sweepMs, () => {
      this.cancelSweep = undefined;
      for (const { connections } of [...this.guests.values()]) {
        for (const { connection } of [...connections.values()]) connection.sweep();
      }
      if (this.count > 0) this.sweepLater();
    });
  }

  private refuse(segment: Segment, mac: number): void {
    const reset = resetFor(segment);
    if (!reset) return;
    const { source, destination, sourcePort, destinationPort } = segment;
    const ends = { source: destination, sourcePort: destinationPort, destinationPort: sourcePort };
    sendSegment(this.options.ip, { mac, address: source }, ends, reset);
  }
}

function isSyn({ flags: set }: Segment): boolean {
  return (set & (flags.syn | flags.ack | flags.rst)) === flags.syn;
}

function keyOf(guestPort: number, remote: Address, remotePort: number): string {
  return `${guestPort} ${remote} ${remotePort}`;
}
