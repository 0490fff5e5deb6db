import type { MachineConfig } from '@shared/machine/config';
import { normalizeName } from '@shared/machine/name';
import type { SnapshotRecord } from '../snapshots/record';

/** What makes the clone a machine of its own. */
export interface CloneIdentity {
  id: string;
  name: string;
  /** ISO 8601, UTC. */
  created: string;
  /** A new hardware address for every one of the original's; none to keep them. */
  macs: ReadonlyMap<string, string>;
  origin: NonNullable<MachineConfig['clonedFrom']>;
}

/** Gives every hardware address of some configurations a new one. @param make answers one that nobody has */
export function newAddresses(
  configs: readonly MachineConfig[],
  make: (taken: ReadonlySet<string>) => string,
  taken: ReadonlySet<string>,
): Map<string, string> {
  const used = new Set(taken);
  const macs = new Map<string, string>();
  for (const { mac } of configs.flatMap(({ nics }) => nics)) {
    if (macs.has(mac)) continue;
    const fresh = make(used);
    used.add(fresh);
    macs.set(mac, fresh);
  }
  return macs;
}

/** The configuration of a clone: that of the original, with an identity of its own. Pure. */
export function clonedConfig(config: MachineConfig, identity: CloneIdentity): MachineConfig {
  // What the original goes back to at power-off is its own affair.
  const { template: _template, kept: _kept, ...rest } = config;
  return {
    ...rest,
    id: identity.id,
    name: normalizeName(identity.name),
    created: identity.created,
    nics: config.nics.map((nic) => ({ ...nic, mac: identity.macs.get(nic.mac) ?? nic.mac })),
    clonedFrom: identity.origin,
  };
}

/** The same without snapshots: its disks are the images that `paths` says, by the disks' ids. Pure. */
export function withDisks(config: MachineConfig, paths: Readonly<Record<string, string>>): MachineConfig {
  const { snapshot: _snapshot, ...rest } = config;
  return { ...rest, disks: config.disks.map((disk) => ({ ...disk, path: paths[disk.id] ?? disk.path })) };
}

/** A snapshot's record as the clone has it. Its images are signed anew, since they are other files. Pure. */
export function clonedRecord(record: SnapshotRecord, identity: CloneIdentity): SnapshotRecord {
  // The copies are nobody else's, so that they need not be kept apart.
  const { base: _base, ...rest } = record;
  // Without its memory there is nothing that could go on.
  const state = keepsMemory(identity) ? record.state : 'off';
  return { ...rest, state, config: clonedConfig(record.config, identity), images: {} };
}

/**
 * Whether a snapshot's memory is of use to a clone: it knows the addresses that the cards had, and restoring it
 * would bring them back beside the original.
 */
export function keepsMemory(identity: Pick<CloneIdentity, 'macs'>): boolean {
  return identity.macs.size === 0;
}
