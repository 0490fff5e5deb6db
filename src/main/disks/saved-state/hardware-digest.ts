import { createHash } from 'node:crypto';
import { topologyOf } from '@shared/engine/qemu/topology';
import type { MachineConfig } from '@shared/machine/config';

/** In an order that does not depend on who wrote it; undefined for the usual one. */
function unusualTopology(config: MachineConfig): number[] | undefined {
  const { sockets, cores, threads } = topologyOf(config);
  return sockets === 1 && threads === 1 ? undefined : [sockets, cores, threads];
}

/**
 * A SHA-256 over everything that a guest can see of its hardware, in hexadecimal: a memory image is only good for
 * a machine with the same. Names, notes, inserted media and cables may change.
 */
export function hardwareDigest(config: MachineConfig): string {
  const visible = {
    engine: config.engine,
    architecture: config.architecture,
    // Undefined, and so left out, for the engines that have no such thing.
    machineType: config.machineType,
    memoryMiB: config.memoryMiB,
    cpus: config.cpus,
    // What is chosen where nothing was said is the same, said or not.
    topology: unusualTopology(config),
    cpuModel: config.cpuModel === 'auto' ? undefined : config.cpuModel,
    firmware: config.firmware,
    // False is left out like undefined: machines from before these fields are the same.
    secureBoot: config.secureBoot || undefined,
    tpm: config.tpm || undefined,
    acpi: config.acpi,
    videoMemoryMiB: config.videoMemoryMiB,
    sound: config.sound,
    // The agent's port is there or not; what may pass through it is not the hardware's business.
    clipboard: (config.clipboard ?? 'off') !== 'off' || undefined,
    serialPorts: config.serialPorts,
    disks: config.disks.map(({ id, bus }) => ({ id, bus })),
    drives: config.drives.map(({ id, kind }) => ({ id, kind })),
    nics: config.nics.map(({ id, model, mac }) => ({ id, model, mac })),
  };
  return createHash('sha256').update(JSON.stringify(visible)).digest('hex');
}
