import type { Clock } from '../clock';

/** An address is bound for this long after its last packet, in milliseconds. */
export const bindingLifeMs = 300_000;
/** Addresses of one station, and of all. A station usually has three or four at a time. */
export const maxPerStation = 32;
export const maxBindings = 4096;

interface Binding {
  mac: number;
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

  /** Notes that `mac` sends as `address`. @returns whether the address is its own */
  claim(address: string, mac: number): boolean {
    const now = this.clock.now();
    const binding = this.known.get(address);
    if (binding && binding.mac !== mac && now - binding.heard <= bindingLifeMs) return false;
    this.known.delete(address);
    if (!binding || binding.mac !== mac) this.makeRoom(mac);
    this.known.set(address, { mac, heard: now });
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

  private makeRoom(mac: number): void {
    const mine = [...this.known].filter(([, binding]) => binding.mac === mac);
    const [oldestOfMine] = mine;
    const [oldest] = this.known.keys();
    if (mine.length >= maxPerStation && oldestOfMine) this.known.delete(oldestOfMine[0]);
    else if (this.known.size >= maxBindings && oldest !== undefined) this.known.delete(oldest);
  }
}
