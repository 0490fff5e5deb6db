import type { MachineConfig } from '@shared/machine/config';

interface Place {
  name: string;
  networks: readonly string[];
}

/** Which networks machines have cards on, as it was told the last time. */
export class Placement {
  private readonly places = new Map<string, Place>();

  /**
   * A machine is there, or has become otherwise.
   *
   * @returns the networks for which that makes a difference: they gain or lose a card, or show another name
   */
  noticed({ id, name, config }: { id: string; name: string; config: MachineConfig | null }): Set<string> {
    const networks = (config?.nics ?? []).flatMap(({ network }) => network ?? []).sort();
    const before = this.places.get(id);
    this.places.set(id, { name, networks });
    if (before && before.name === name && before.networks.join() === networks.join()) return new Set();
    return new Set([...networks, ...(before?.networks ?? [])]);
  }

  /** A machine is no more. @returns the networks that lose it */
  gone(id: string): Set<string> {
    const networks = this.places.get(id)?.networks ?? [];
    this.places.delete(id);
    return new Set(networks);
  }
}
