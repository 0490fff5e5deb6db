import type { Lease } from '../dhcp/leases';
import { labelOf } from '../dns/name';

/** A machine's card on the network. */
export interface PluggedCard {
  port: string;
  machine: string;
  /** The machine's name as a person wrote it. */
  name: string;
  mac: number;
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

  /** The hardware address of a machine's first card. */
  macOf(machine: string): number | undefined {
    for (const card of this.cards.values()) if (card.machine === machine) return card.mac;
    return undefined;
  }

  /** The address that a name stands for. */
  addressOf(label: string, leases: readonly Lease[]): number | undefined {
    for (const card of this.cards.values()) {
      if (labelOf(card.name) !== label) continue;
      const lease = leases.find(({ mac }) => mac === card.mac);
      if (lease) return lease.address;
    }
    return leases.find(({ hostName }) => hostName === label)?.address;
  }

  /** The name that an address stands for. */
  nameOf(lease: Lease | undefined): string | undefined {
    if (!lease) return undefined;
    for (const card of this.cards.values())
      if (card.mac === lease.mac) return labelOf(card.name) ?? undefined;
    return lease.hostName ?? undefined;
  }
}
