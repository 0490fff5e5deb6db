import { inSubnet, type Subnet } from '@shared/network/address';

/** One address that somebody has, or has had. Times in milliseconds since 1970. */
export interface Lease {
  mac: number;
  address: number;
  /** What the guest calls itself; made harmless. */
  hostName: string | null;
  expires: number;
  /** Behind which port it was asked for. */
  port: string;
}

export interface LeaseOptions {
  subnet: Subnet;
  gateway: number;
  first: number;
  last: number;
  reservations: ReadonlyMap<number, number>;
  now(): number;
}

/** Nobody behind one port gets more than this: a guest that invents addresses must not take them all. */
export const maxLeasesPerPort = 16;
/** What is remembered of one port, and of all: with leases that have ended, so that guests get the same address again. */
export const maxRememberedPerPort = 64;
export const maxRemembered = 8192;
/** An address that was offered is kept for this long. */
const offerMs = 30_000;
/** An address that somebody else uses without asking is not offered for this long. */
const declinedMs = 300_000;

/** Who has which address. */
export class Leases {
  private readonly byMac = new Map<number, Lease>();
  private readonly byAddress = new Map<number, Lease>();
  private readonly offers = new Map<number, { address: number; until: number; port: string }>();
  private readonly declined = new Map<number, { until: number; port: string }>();
  private cursor: number;

  constructor(private options: LeaseOptions) {
    this.cursor = options.first;
  }

  /** Goes on with other settings; leases that do not fit them any more end. */
  configure(options: LeaseOptions): void {
    this.options = options;
    this.cursor = options.first;
    this.offers.clear();
    for (const lease of this.all()) if (!this.isAllowed(lease.mac, lease.address)) this.remove(lease);
  }

  /** Takes over what was written down. */
  restore(leases: readonly Lease[]): void {
    for (const lease of leases.slice(-maxRemembered)) {
      if (this.isAllowed(lease.mac, lease.address) && !this.byAddress.has(lease.address)) this.put(lease);
    }
  }

  all(): Lease[] {
    return [...this.byMac.values()];
  }

  ofMac(mac: number): Lease | undefined {
    return this.byMac.get(mac);
  }

  /** Who has an address now. */
  holder(address: number): Lease | undefined {
    const lease = this.byAddress.get(address);
    return lease && lease.expires > this.options.now() ? lease : undefined;
  }

  /** An address for `mac`: the one reserved, had before, wanted, or any. Undefined when there is none for it. */
  offer(mac: number, port: string, wanted: number | undefined): number | undefined {
    const address = this.choose(mac, port, wanted);
    if (address === undefined) return undefined;
    this.forgetOffers();
    this.offers.set(mac, { address, until: this.options.now() + offerMs, port });
    return address;
  }

  /** Gives `mac` the address for `ms` milliseconds. @returns false when it may not have it */
  grant(mac: number, address: number, port: string, hostName: string | null, ms: number): boolean {
    const known = this.byMac.get(mac);
    if (!this.isAllowed(mac, address) || !this.isFree(address, mac)) return false;
    if (!known && this.count(port, mac) >= maxLeasesPerPort) return false;
    if (known && known.address !== address) this.remove(known);
    const former = this.byAddress.get(address);
    if (former && former.mac !== mac) this.remove(former);
    this.offers.delete(mac);
    this.put({ mac, address, port, hostName, expires: this.options.now() + ms });
    this.forgetEnded(port);
    return true;
  }

  /** The guest gives its address back. What it was stays remembered, so that it may get it again. @returns whether it had it */
  release(mac: number, address: number): boolean {
    const lease = this.byMac.get(mac);
    const now = this.options.now();
    if (lease?.address !== address || lease.expires <= now) return false;
    lease.expires = now;
    return true;
  }

  /**
   * The guest says that somebody else uses the address. Such addresses count among those that its port has: it must not
   * talk everybody out of theirs.
   *
   * @returns whether it had it
   */
  decline(mac: number, address: number): boolean {
    const lease = this.byMac.get(mac);
    if (lease?.address !== address) return false;
    this.remove(lease);
    this.declined.set(address, { until: this.options.now() + declinedMs, port: lease.port });
    return true;
  }

  isAllowed(mac: number, address: number): boolean {
    const { subnet, gateway, first, last, reservations } = this.options;
    const reserved = reservations.get(mac);
    if (reserved !== undefined) return address === reserved;
    if (!inSubnet(address, subnet) || address === gateway || address < first || address > last) return false;
    return ![...reservations.values()].includes(address);
  }

  private choose(mac: number, port: string, wanted: number | undefined): number | undefined {
    const { reservations, first, last } = this.options;
    const reserved = reservations.get(mac);
    if (reserved !== undefined) return reserved;
    const usable = (address: number): boolean => this.isAllowed(mac, address) && this.isFree(address, mac);
    const before = this.byMac.get(mac)?.address ?? this.offers.get(mac)?.address;
    if (before !== undefined && usable(before)) return before;
    if (this.count(port, mac) >= maxLeasesPerPort) return undefined;
    if (wanted !== undefined && usable(wanted)) return wanted;
    // First those that nobody has had, so that whoever comes back finds theirs.
    for (const known of [true, false]) {
      for (let tried = first; tried <= last; tried++) {
        const address = this.cursor;
        this.cursor = this.cursor >= last ? first : this.cursor + 1;
        if (usable(address) && !(known && this.byAddress.has(address))) return address;
      }
    }
    return undefined;
  }

  private isFree(address: number, mac: number): boolean {
    const now = this.options.now();
    const holder = this.holder(address);
    if (holder && holder.mac !== mac) return false;
    if ((this.declined.get(address)?.until ?? 0) > now) return false;
    for (const [other, offer] of this.offers) {
      if (other !== mac && offer.address === address && offer.until > now) return false;
    }
    return true;
  }

  /** Addresses that a port uses, besides that of `mac`. */
  private count(port: string, mac: number): number {
    const now = this.options.now();
    let count = 0;
    for (const lease of this.byMac.values()) {
      if (lease.port === port && lease.mac !== mac && lease.expires > now) count++;
    }
    for (const [other, offer] of this.offers) {
      if (other !== mac && offer.port === port && offer.until > now && !this.byMac.has(other)) count++;
    }
    for (const declined of this.declined.values())
      if (declined.port === port && declined.until > now) count++;
    return count;
  }

  private forgetOffers(): void {
    const now = this.options.now();
    for (const [mac, { until }] of this.offers) if (until <= now) this.offers.delete(mac);
    for (const [address, { until }] of this.declined) if (until <= now) this.declined.delete(address);
  }

  /** Forgets, of a port with many leases or where there are very many, the one that ended first. */
  private forgetEnded(port: string): void {
    const all = this.all();
    const mine = all.filter((lease) => lease.port === port);
    const among = mine.length > maxRememberedPerPort ? mine : all.length > maxRemembered ? all : [];
    const ended = among.filter(({ expires }) => expires <= this.options.now());
    const [first] = ended.sort((a, b) => a.expires - b.expires);
    if (first) this.remove(first);
  }

  private put(lease: Lease): void {
    this.byMac.set(lease.mac, lease);
    this.byAddress.set(lease.address, lease);
  }

  private remove(lease: Lease): void {
    if (this.byMac.get(lease.mac) === lease) this.byMac.delete(lease.mac);
    if (this.byAddress.get(lease.address) === lease) this.byAddress.delete(lease.address);
  }
}
