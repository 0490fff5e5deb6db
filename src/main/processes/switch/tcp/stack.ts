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
/**
 * How long an acknowledgement may wait for something to go with, in milliseconds. RFC 9293 allows 500; a host on this
 * computer answers sooner than this or is busy.
 */
export const delayedAckMs = 1;

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
  /** Those that were waiting when they were last looked at, and the ones that have come since. */
  waiting: Set<TcpConnection>;
}

/** All TCP connections between the guests of one network and the gateway. */
export class TcpStack {
  private readonly guests = new Map<Address, Guest>();
  private readonly due = new Set<TcpConnection>();
  private count = 0;
  /** The one that was found last: for the most part it is asked for again. */
  private last: Entry | undefined;
  /** Connections whose acknowledgements wait for something to go with. */
  private readonly owing = new Set<TcpConnection>();
  private cancelOwed: (() => void) | undefined;
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly options: TcpStackOptions) {}

  get size(): number {
    return this.count;
  }

  /** A packet of a guest. */
  receive(packet: IpPacket, mac: number): void {
    const segment = parseSegment(packet);
    if (!segment) return;
    const entry = this.find(segment);
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
    for (const connection of this.due) if (connection.settle()) this.owing.add(connection);
    this.due.clear();
    if (this.owing.size > 0) this.cancelOwed ??= this.options.clock.after(delayedAckMs, () => this.payOwed());
  }

  close(): void {
    this.cancelSweep?.();
    this.cancelOwed?.();
    for (const { connections } of [...this.guests.values()]) {
      for (const { connection } of [...connections.values()]) {
        connection.abort();
        if (connection.isOver) connection.forget();
      }
    }
  }

  private payOwed(): void {
    this.cancelOwed = undefined;
    for (const connection of this.owing) connection.acknowledgeOwed();
    this.owing.clear();
  }

  private find(segment: Segment): Entry | undefined {
    if (this.last && isOf(segment, this.last.flow)) return this.last;
    const { source, sourcePort, destination, destinationPort } = segment;
    const entry = this.guests.get(source)?.connections.get(keyOf(sourcePort, destination, destinationPort));
    if (entry) this.last = entry;
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
    const { waiting } = guest;
    if (waiting.size < maxWaitingPerGuest) return true;
    for (const connection of waiting) if (!connection.isWaiting) waiting.delete(connection);
    return waiting.size < maxWaitingPerGuest;
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
    const guest: Guest = this.guests.get(address) ?? { connections: new Map(), waiting: new Set() };
    this.guests.set(address, guest);
    if (first) guest.waiting.add(connection);
    guest.connections.set(key, { connection, flow, byGuest: first !== undefined });
    this.count++;
    if (!this.cancelSweep) this.sweepLater();
    user = userOf(connection);
    return connection;
  }

  private remove(address: Address, key: string): void {
    const guest = this.guests.get(address);
    const entry = guest?.connections.get(key);
    if (!guest || !entry) return;
    guest.connections.delete(key);
    guest.waiting.delete(entry.connection);
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

function isOf(segment: Segment, { guest, guestPort, remote, remotePort }: Flow): boolean {
  return (
    segment.sourcePort === guestPort &&
    segment.destinationPort === remotePort &&
    segment.source === guest.address &&
    segment.destination === remote
  );
}

function keyOf(guestPort: number, remote: Address, remotePort: number): string {
  return `${guestPort} ${remote} ${remotePort}`;
}
