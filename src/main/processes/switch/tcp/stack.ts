import { randomInt } from 'node:crypto';
import type { Clock } from '../clock';
import type { Address } from '../ip/address';
import type { IpPacket, IpSender, Origin, Receiver } from '../ip/ip';
import { Account } from './account';
import { type ConnectionUser, TcpConnection } from './connection';
import { flags, parseSegment, resetFor, type Segment, sendSegment, tcpHeaderLength } from './segment';

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

/** The account of what is opened from this computer: no card is called so. */
const fromHost = '';

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
  /** The card whose guest has opened it; `fromHost` where somebody has by a forward. */
  card: string;
}

/** All TCP connections between the guests of one network and the gateway. */
export class TcpStack {
  private readonly entries = new Map<string, Entry>();
  private readonly accounts = new Map<string, Account>();
  private readonly due = new Set<TcpConnection>();
  /** The one that was found last: for the most part it is asked for again. */
  private last: Entry | undefined;
  /** Connections whose acknowledgements wait for something to go with. */
  private readonly owing = new Set<TcpConnection>();
  private cancelOwed: (() => void) | undefined;
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly options: TcpStackOptions) {}

  get size(): number {
    return this.entries.size;
  }

  /** A packet of a guest. */
  receive(packet: IpPacket, from: Origin): void {
    const segment = parseSegment(packet);
    if (!segment) return;
    const entry = this.find(segment);
    if (entry && !(isSyn(segment) && entry.connection.mayBeReplacedBy(segment))) {
      entry.connection.receive(segment);
      return;
    }
    entry?.connection.forget();
    if (isSyn(segment)) this.answer(packet, segment, from);
    else this.refuse(segment, from.mac);
  }

  /**
   * Opens a connection to a guest.
   *
   * @returns undefined when there are too many
   */
  connect(flow: Flow, userOf: (connection: TcpConnection) => ConnectionUser): TcpConnection | undefined {
    const account = this.accountOf(fromHost);
    return account.hasRoom(this.size) ? this.add(flow, userOf, undefined, fromHost) : undefined;
  }

  /** Whether a connection between these ends is open. */
  isUsed(flow: Flow): boolean {
    return this.entries.has(keyOf(flow));
  }

  /** Ends, with a RST, the connections that guests have opened and that are not wanted any more. */
  abortWhere(unwanted: (flow: Flow) => boolean): void {
    for (const { connection, flow, card } of [...this.entries.values()]) {
      if (card !== fromHost && unwanted(flow)) connection.abort();
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
    for (const { connection } of [...this.entries.values()]) {
      connection.abort();
      if (connection.isOver) connection.forget();
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
    const entry = this.entries.get(keyOfEnds(source, sourcePort, destination, destinationPort));
    if (entry) this.last = entry;
    return entry;
  }

  private answer(packet: IpPacket, segment: Segment, { mac, card }: Origin): void {
    if (!this.accountOf(card).hasRoom(this.size)) return;
    const flow: Flow = {
      guest: { mac, address: segment.source },
      guestPort: segment.sourcePort,
      remote: segment.destination,
      remotePort: segment.destinationPort,
    };
    const userOf = this.options.open(flow, packet);
    if (userOf) this.add(flow, userOf, segment, card);
    else this.refuse(segment, mac);
  }

  private accountOf(card: string): Account {
    const known = this.accounts.get(card);
    if (known) return known;
    const account = new Account();
    this.accounts.set(card, account);
    return account;
  }

  private add(
    flow: Flow,
    userOf: (connection: TcpConnection) => ConnectionUser,
    first: Segment | undefined,
    card: string,
  ): TcpConnection {
    const { ip, clock } = this.options;
    const account = this.accountOf(card);
    const key = keyOf(flow);
    const ends = { source: flow.remote, sourcePort: flow.remotePort, destinationPort: flow.guestPort };
    let user: ConnectionUser | undefined;
    const connection: TcpConnection = new TcpConnection(
      {
        clock,
        mss: ip.mtu - ip.headerLength - tcpHeaderLength,
        initialSequence: randomInt(2 ** 32),
        output: (segment) => sendSegment(ip, flow.guest, ends, segment),
        due: (which) => void this.due.add(which),
        gone: () => this.remove(key),
        capacity: () => account.capacity,
      },
      // The other side may need the connection, and the connection the other side.
      {
        opened: () => user?.opened(),
        data: (bytes) => user?.data(bytes),
        ended: () => user?.ended(),
        backlog: () => user?.backlog() ?? 0,
        drained: () => user?.drained(),
        closed: (how) => {
          const whose = user;
          // What is only kept in case its last segment was lost needs no socket of the host.
          user = undefined;
          whose?.closed(how);
        },
      },
      first,
    );
    account.add(connection, first !== undefined);
    this.entries.set(key, { connection, flow, card });
    if (!this.cancelSweep) this.sweepLater();
    user = userOf(connection);
    return connection;
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    const account = this.accounts.get(entry.card);
    account?.remove(entry.connection);
    if (account?.size === 0) this.accounts.delete(entry.card);
    this.last = undefined;
  }

  private sweepLater(): void {
    this.cancelSweep = this.options.clock.after(sweepMs, () => {
      this.cancelSweep = undefined;
      for (const { connection } of [...this.entries.values()]) connection.sweep();
      if (this.size > 0) this.sweepLater();
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

function keyOf({ guest, guestPort, remote, remotePort }: Flow): string {
  return keyOfEnds(guest.address, guestPort, remote, remotePort);
}

function keyOfEnds(guest: Address, guestPort: number, remote: Address, remotePort: number): string {
  return `${guest} ${guestPort} ${remote} ${remotePort}`;
}
