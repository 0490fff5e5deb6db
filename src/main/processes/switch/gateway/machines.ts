import type { Lease } from '../dhcp/leases';
import { labelOf } from '../dns/name';

/** A machine's card on the network. */
export interface PluggedCard {
  port: string;
  machine: string;
  /** The machine's name as a person wrote it. */
  name: string;
  mac: number;
  /** The longest packet that it takes, in bytes; null: whatever the network carries. */
  mtu?: number | null;
}

/** Who is on the network, and by which name. A machine's own name counts more than what its guest calls itself. */
export class Machines {
  private readonly cards = new Map<string, PluggedCard>();

  plug(card: PluggedCard): void {
    this.cards.set(card.port, card);
  }

  unplug(port: string): void {
    this.cards.delete(port);
  }

  cardOf(port: string): PluggedCard | undefined {
    return this.cards.get(port);
  }

  /** The hardware address of a machine's first card. */
  macOf(machine: string): number | undefined {
    for (const card of this.cards.values()) if (card.machine === machine) return card.mac;
    return undefined;
  }

  /** The longest packet that every card takes, in bytes: no more than `most`. */
  commonMtu(most: number): number {
    return Math.min(most, ...[...this.cards.values()].map(({ mtu }) => mtu ?? most));
  }

  /** The longest packet that the card with an address takes, in bytes: no more than `most`. */
  mtuOf(mac: number, most: number): number {
    for (const card of this.cards.values()) if (card.mac === mac) return Math.min(card.mtu ?? most, most);
    return most;
  }

  /** The stations that a name stands for, with their leased addresses. */
  named(label: string, leases: readonly Lease[]): { mac: number; address: number | undefined }[] {
    const cards = [...this.cards.values()].filter(({ name }) => labelOf(name) === label);
    if (cards.length > 0) {
      return cards.map(({ mac }) => ({ mac, address: leases.find((lease) => lease.mac === mac)?.address }));
    }
    return leases.filter(({ hostName }) => hostName === label).slice(0, 1);
  }

  /** The name that a station has. */
  nameOf(station: Pick<Lease, 'mac' | 'hostName'> | undefined): string | undefined {
    if (!station) return undefined;
    for (const { mac, name } of this.cards.values()) {
      if (mac === station.mac) return labelOf(name) ?? undefined;
    }
    return station.hostName ?? undefined;
  }
}
