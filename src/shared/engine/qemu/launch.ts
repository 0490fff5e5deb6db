import { z } from 'zod';
import { architecture, machineConfig } from '../../machine/config';

/** What runs a guest's instructions. `tcg` translates them and is always there. */
export const accelerators = ['kvm', 'hvf', 'whpx', 'tcg'] as const;
export const accelerator = z.enum(accelerators);
export type Accelerator = z.infer<typeof accelerator>;

/** A pinned machine version, such as `pc-q35-7.2`. It stands in arguments, so it is held to a plain word. */
export const machineType = machineConfig.shape.machineType.unwrap();

/** A firmware in flash: code that all machines share, and the template of each machine's own variables. */
export const flashFirmware = z.strictObject({
  code: z.string(),
  codeFormat: z.enum(['raw', 'qcow2']),
  variables: z.string(),
  variablesFormat: z.enum(['raw', 'qcow2']),
  /** It needs system management mode, so that the guest cannot write to its variables. */
  systemManagement: z.boolean(),
});
export type FlashFirmware = z.infer<typeof flashFirmware>;

/** Drivers of QEMU for sound, best first where a host has several; `wav` writes a file. */
export const audioDrivers = ['pipewire', 'pa', 'coreaudio', 'dsound', 'alsa', 'wav', 'none'] as const;
export const qemuAudio = z.strictObject({
  driver: z.enum(audioDrivers),
  /** Of the file, for `wav`. */
  path: z.string().optional(),
});
export type QemuAudio = z.infer<typeof qemuAudio>;

/**
 * What main has found out for one start of a machine on QEMU. The machine's process plans from it and looks for
 * nothing itself.
 */
export const qemuLaunch = z.strictObject({
  /** Absolute path of the emulator. */
  binary: z.string(),
  version: z.string().max(64),
  /** What the emulator emulates. */
  architecture,
  /** Of the machine type. */
  maxCpus: z.number().int(),
  /** A folder with QEMU's own firmware files, where it is not in the place that the emulator knows. */
  dataFolder: z.string().nullable(),
  machineType,
  accelerator,
  cpuModel: z
    .string()
    .regex(/^[\w.+-]+$/)
    .max(64),
  /** What follows the accelerator's name, such as `,thread=multi`. */
  acceleratorOptions: z.enum(['', ',thread=multi']),
  /** Types of devices and character devices that the emulator was built with. */
  devices: z.array(z.string().max(64)).max(5000),
  characterDevices: z.array(z.string().max(64)).max(100),
  /** The emulator can lock itself into a sandbox of system calls. */
  sandbox: z.boolean(),
  /** Null where the board's built-in firmware is used. */
  firmware: flashFirmware.nullable(),
  /** A boot loader that starts systems as UEFI does, in the place of a kernel (`-kernel`). */
  bootLoader: z.string().optional(),
  /** Absolute path of swtpm, for a machine with a TPM. */
  tpmEmulator: z.string().optional(),
  /** Where a guest's sound goes; missing: nowhere. */
  audio: qemuAudio.optional(),
  /** By the ids of the configuration's network cards: a unix socket path for a switch to connect to. */
  nicSockets: z.record(z.string(), z.string()),
});
export type QemuLaunch = z.infer<typeof qemuLaunch>;
