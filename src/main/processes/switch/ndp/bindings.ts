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
  /** The longest not heard first. */
  private readonly known = new Map<string, Binding>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.known.size;
  }

  /** Notes who sends as `address`. @returns whether the address is its own */
  claim(address: string, { mac, card }: Origin): boolean {
    const now = this.clock.now();
    const binding = this.known.get(address);
    if (binding && binding.mac !== mac && now - binding.heard <= bindingLifeMs) return false;
    this.known.delete(address);
    if (!binding || binding.mac !== mac) this.makeRoom(mac, card);
    this.known.set(address, { mac, card, heard: now });
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
    const all = [...this.known];
    const oldestOf = (most: number, fits: (binding: Binding) => boolean): string | undefined => {
      const found = all.filter(([, binding]) => fits(binding));
      return found.length >= most ? found[0]?.[0] : undefined;
    };
    const gone =
      oldestOf(maxPerStation, (binding) => binding.mac === mac) ??
      oldestOf(maxPerCard, (binding) => binding.card === card) ??
      oldestOf(maxBindings, () => true);
    if (gone !== undefined) this.known.delete(gone);
  }
}
