import { z } from 'zod';
import { automaticSnapshots } from '../snapshot/automatic';

/** The schema version that this build writes. */
export const currentSchema = 1;

export const engineIds = ['v86', 'qemu', 'fake'] as const;
export const engineId = z.enum(engineIds);
export type EngineId = z.infer<typeof engineId>;

/** What the host's and the guest's clipboards may tell each other; a guest is a stranger, so nothing unless chosen. */
export const clipboardSharing = z.enum(['off', 'host-to-guest', 'guest-to-host', 'both']);
export type ClipboardSharing = z.infer<typeof clipboardSharing>;

export const architectures = ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x'] as const;
export const architecture = z.enum(architectures);
export type Architecture = z.infer<typeof architecture>;

/** Ids are made by us; from outside they only ever serve as keys, never as parts of a path. */
export const machineId = z.string().regex(/^[a-z0-9]{16}$/);

/** Any text a person may type; what it may not contain is decided in `name.ts`. */
export const machineName = z.string().min(1).max(200);

/** A path inside the machine's folder: relative, with forward slashes, never leaving the folder. */
export const innerPath = z
  .string()
  .max(512)
  .regex(/^[^/\\:\0]+(\/[^/\\:\0]+)*$/)
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'), 'must stay inside');

const disk = z.looseObject({
  id: z.string().regex(/^disk[0-7]$/),
  /** The newest image of the chain. */
  path: innerPath,
  bus: z.enum(['ide', 'virtio', 'scsi', 'sata', 'nvme']),
});

const drive = z.looseObject({
  id: z.string().regex(/^(cd|floppy)[0-9]$/),
  kind: z.enum(['cdrom', 'floppy']),
  /** Absolute path of the inserted image on the host, or null for an empty drive. */
  path: z.string().max(4096).nullable(),
});

const nic = z.looseObject({
  id: z.string().regex(/^nic[0-7]$/),
  model: z.enum(['virtio', 'ne2k', 'e1000']),
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  /** Whether the cable is plugged in. */
  connected: z.boolean(),
  /** The network's id; null when it is attached to none. */
  network: z.string().max(64).nullable(),
});

/** Processors as a guest sees them: sockets with cores with threads. */
export const cpuTopology = z.strictObject({
  sockets: z.number().int().min(1).max(64),
  cores: z.number().int().min(1).max(256),
  threads: z.number().int().min(1).max(8),
});
export type CpuTopology = z.infer<typeof cpuTopology>;

/** The state that a machine goes back to which discards its changes. */
export const keptState = z.looseObject({
  /** Images, by the disks' ids. Nothing is written to them meanwhile. */
  paths: z.record(z.string(), innerPath),
  /** The snapshot that they go on from. */
  snapshot: machineId.nullable(),
  /** There is a copy of the firmware's variables. */
  firmware: z.boolean(),
});
export type KeptState = z.infer<typeof keptState>;

/**
 * `machine.json`. Unknown fields survive a round trip (`looseObject`), at every level.
 * Sizes are in MiB (1 MiB = 1,048,576 bytes) where the name ends in `MiB`.
 */
export const machineConfig = z.looseObject({
  schema: z.literal(currentSchema),
  id: machineId,
  name: machineName,
  /** ISO 8601, UTC. */
  created: z.string().max(40),
  notes: z.string().max(10_000),
  engine: engineId,
  architecture,
  /** What runs in it, for icons and defaults: an id of the guest table, such as `linux` or `freedos`. */
  guest: z.string().max(64),
  /** QEMU's machine version, such as `pc-q35-7.2`: chosen once, so that the hardware stays what the guest knows. */
  machineType: z
    .string()
    .regex(/^[a-z0-9]+([-.][a-z0-9]+)*$/)
    .max(64)
    .optional(),
  memoryMiB: z.number().int().min(1).max(1_048_576),
  /**
   * What the guest is asked to make do with, by its balloon; missing where it may use all. Changes at once in a
   * running machine.
   */
  memoryTargetMiB: z.number().int().min(1).max(1_048_576).optional(),
  cpus: z.number().int().min(1).max(256),
  /** How the processors are arranged; the product is `cpus`. Missing: one socket with that many cores. */
  topology: cpuTopology.optional(),
  /** The emulator's name of a processor model; `auto` or missing: chosen when the machine starts. */
  cpuModel: z
    .string()
    .regex(/^[\w.+-]+$/)
    .max(64)
    .optional(),
  /** Tried in this order. */
  boot: z.array(z.enum(['disk', 'cdrom', 'floppy', 'network'])).max(4),
  firmware: z.enum(['bios', 'uefi']),
  /** The firmware starts only what a known key has signed; with UEFI only. */
  secureBoot: z.boolean().optional(),
  /** A Trusted Platform Module 2.0. */
  tpm: z.boolean().optional(),
  acpi: z.boolean(),
  videoMemoryMiB: z.number().int().min(1).max(256),
  sound: z.boolean(),
  /** Missing: off. The guest needs the agent of its system's SPICE tools. */
  clipboard: clipboardSharing.optional(),
  /** Number of serial ports. */
  serialPorts: z.number().int().min(0).max(4),
  disks: z.array(disk).max(8),
  drives: z.array(drive).max(8),
  nics: z.array(nic).max(8),
  /** The snapshot that the disks go on from; missing while there is none. */
  snapshot: machineId.optional(),
  /** Snapshots that are taken without anybody asking; missing: none. */
  automaticSnapshots: automaticSnapshots.optional(),
  /** Whatever the guest changes is thrown away when the machine is powered off. */
  discardOnPowerOff: z.boolean().optional(),
  /** What it then goes back to; there while it has run since. */
  kept: keptState.optional(),
  /** It starts with the program; `delaySeconds` after it. Missing: it does not. */
  autostart: z.looseObject({ on: z.boolean(), delaySeconds: z.number().int().min(0).max(3600) }).optional(),
  /** It is there to make machines of: it is never started. */
  template: z.boolean().optional(),
  /** What it was cloned from, as that was called then. It needs nothing of it: shared images are its own, too. */
  clonedFrom: z
    .looseObject({
      machine: machineId,
      name: machineName,
      snapshot: machineId.nullable(),
      linked: z.boolean(),
    })
    .optional(),
});
export type MachineConfig = z.infer<typeof machineConfig>;
export type DiskConfig = z.infer<typeof disk>;
export type DriveConfig = z.infer<typeof drive>;
export type NicConfig = z.infer<typeof nic>;

/** What may be changed on an existing machine. Disks and the identity have commands of their own. */
export const machineSettings = machineConfig
  .pick({
    notes: true,
    engine: true,
    guest: true,
    machineType: true,
    memoryMiB: true,
    memoryTargetMiB: true,
    cpus: true,
    topology: true,
    cpuModel: true,
    boot: true,
    firmware: true,
    secureBoot: true,
    tpm: true,
    acpi: true,
    videoMemoryMiB: true,
    sound: true,
    clipboard: true,
    serialPorts: true,
    nics: true,
    autostart: true,
  })
  .partial()
  .strict();
export type MachineSettings = z.infer<typeof machineSettings>;

/** What the wizard asks main to create. */
export const machineSpec = z.strictObject({
  name: machineName,
  engine: engineId,
  architecture,
  guest: z.string().max(64),
  memoryMiB: machineConfig.shape.memoryMiB,
  cpus: machineConfig.shape.cpus,
  boot: machineConfig.shape.boot,
  firmware: machineConfig.shape.firmware,
  secureBoot: machineConfig.shape.secureBoot,
  tpm: machineConfig.shape.tpm,
  acpi: z.boolean(),
  videoMemoryMiB: machineConfig.shape.videoMemoryMiB,
  sound: z.boolean(),
  serialPorts: machineConfig.shape.serialPorts,
  nicModel: nic.shape.model.nullable(),
  /** A new empty disk, a copy of an existing image, or none. */
  disk: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({
      kind: z.literal('new'),
      sizeMiB: z
        .number()
        .int()
        .min(1)
        .max(2 * 1024 * 1024),
    }),
    z.strictObject({ kind: z.literal('copy'), path: z.string().min(1).max(4096) }),
  ]),
  /** Images to insert: absolute paths on the host. */
  cdrom: z.string().min(1).max(4096).nullable(),
  floppy: z.string().min(1).max(4096).nullable(),
});
export type MachineSpec = z.infer<typeof machineSpec>;
