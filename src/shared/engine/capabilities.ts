import { z } from 'zod';
import { architecture, engineId } from '../machine/config';

const range = z.object({ min: z.number(), max: z.number(), default: z.number() });

/**
 * What an engine can do, as data: the wizard and the settings pages are drawn from it, and a configuration is
 * checked against it before anything is started. Memory sizes in MiB.
 */
export const engineCapabilities = z.object({
  id: engineId,
  /** What a person reads, e.g. “Embedded (v86)”. */
  title: z.string(),
  version: z.string(),
  /** What saved states are marked with, where it is not the version. */
  stateVersion: z.string().optional(),
  architectures: z.array(architecture),
  /** Widest guest that runs: 32 or 64 bit. */
  bits: z.union([z.literal(32), z.literal(64)]),
  memoryMiB: range,
  videoMemoryMiB: range,
  maxCpus: z.number().int(),
  /** Guests can give memory back while they run. */
  balloon: z.boolean().optional(),
  /** By architecture, the models of processor that can be chosen; absent where there is nothing to choose. */
  cpuModels: z.partialRecord(architecture, z.array(z.string())).optional(),
  firmware: z.array(z.enum(['bios', 'uefi'])),
  /** Architectures with a firmware that has keys enrolled. */
  secureBoot: z.array(architecture).optional(),
  /** Machines can have a Trusted Platform Module. */
  tpm: z.boolean().optional(),
  diskBuses: z.array(z.enum(['ide', 'virtio', 'scsi', 'sata', 'nvme'])),
  maxDisks: z.number().int(),
  maxCdroms: z.number().int(),
  maxFloppies: z.number().int(),
  nicModels: z.array(z.enum(['virtio', 'ne2k', 'e1000'])),
  maxNics: z.number().int(),
  /** What can be added and removed while the machine runs. Cables and networks can always be changed. */
  hotPlug: z
    .object({
      diskBuses: z.array(z.enum(['ide', 'virtio', 'scsi', 'sata', 'nvme'])),
      nicModels: z.array(z.enum(['virtio', 'ne2k', 'e1000'])),
    })
    .optional(),
  maxSerialPorts: z.number().int(),
  bootDevices: z.array(z.enum(['disk', 'cdrom', 'floppy', 'network'])),
  sound: z.boolean(),
  /** The guest's agent can share its clipboard. */
  clipboard: z.boolean().optional(),
  /** Guests are told how large the window is that shows them. */
  resizesScreen: z.boolean().optional(),
  /** There is a monitor of the engine's own, for experts. */
  monitor: z.boolean().optional(),
  /** Whether ACPI can be switched off. */
  acpiOptional: z.boolean(),
  saveState: z.boolean(),
  /** Media can be changed while the machine runs. */
  liveMedia: z.boolean(),
  /** By architecture, the versions of each board, the newest first; a new machine keeps the one that it gets. */
  machineTypes: z.partialRecord(architecture, z.array(z.string())).optional(),
});
export type EngineCapabilities = z.infer<typeof engineCapabilities>;
