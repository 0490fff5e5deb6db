import type { Clock } from '../clock';
import type { Origin } from '../ip/ip';

/** An address is bound for this long after its last packet, in milliseconds. */
export const bindingLifeMs = 300_000;
/** Addresses of one station, of all behind one card, and of all. A station usually has three or four at a time. */
export const maxPerStation = 32;
export const maxPerCard = 128;
export const maxBindings = 4096;

interface Binding extends Origin {
  heard: number;
}

/**
 * Which station has which IPv6 address: whoever uses it first, for as long as it goes on (RFC 6620). Nobody gives
 * these addresses out, so that nothing else says whose they are.
 */
export class Bindings {
  /** The longest not heard first; and the same of each card. */
  private readonly known = new Map<string, Binding>();
  private readonly cards = new Map<string, Map<string, Binding>>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.known.size;
  }

  /** Notes who sends as `address`. @returns whether the address is its own */
  claim(address: string, { mac, card }: Origin): boolean {
    const now = this.clock.now();
    const binding = this.known.get(address);
    if (binding && binding.mac !== mac && now - binding.heard <= bindingLifeMs) return false;
    this.forget(address);
    if (!binding || binding.mac !== mac) this.makeRoom(mac, card);
    const bound = { mac, card, heard: now };
    this.known.set(address, bound);
    const mine = this.cards.get(card);
    if (mine) mine.set(address, bound);
    else this.cards.set(card, new Map([[address, bound]]));
    return true;
  }

  /** The addresses of a station, the last heard first. */
  of(mac: number): string[] {
    const oldest = this.clock.now() - bindingLifeMs;
    return [...this.known]
      .filter(([, binding]) => binding.mac === mac && binding.heard >= oldest)
      .map(([address]) => address)
      .reverse();
  }

  /** Everybody who has been heard of late. */
  stations(): ReadonlySet<number> {
    const oldest = this.clock.now() - bindingLifeMs;
    return new Set([...this.known.values()].filter(({ heard }) => heard >= oldest).map(({ mac }) => mac));
  }

  owner(address: string): number | undefined {
    const binding = this.known.get(address);
    return binding && this.clock.now() - binding.heard <= bindingLifeMs ? binding.mac : undefined;
  }

  private makeRoom(mac: number, card: string): void {
    const mine = this.cards.get(card) ?? new Map<string, Binding>();
    const ofStation = [...mine].filter(([, binding]) => binding.mac === mac);
    const [oldestOfStation] = ofStation;
    if (ofStation.length >= maxPerStation && oldestOfStation) this.forget(oldestOfStation[0]);
    else if (mine.size >= maxPerCard) this.forgetFirst(mine);
    else if (this.known.size >= maxBindings) this.forgetFirst(this.known);
  }

  private forgetFirst(among: ReadonlyMap<string, Binding>): void {
    for (const address of among.keys()) {
      this.forget(address);
      return;
    }
  }

  private forget(address: string): void {
    const card = this.known.get(address)?.card;
    this.known.delete(address);
    if (card === undefined) return;
    const rest = this.cards.get(card);
    rest?.delete(address);
    if (rest?.size === 0) this.cards.delete(card);
  }
}
