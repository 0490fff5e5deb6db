import { z } from 'zod';
import { qemuLaunch } from '../engine/qemu/launch';
import { machineConfig } from '../machine/config';
import { execRequest, execResult } from '../machine/exec';
import { nicRates } from '../machine/statistics';
import { saidPhrase } from '../phrases/phrase';
import { errorValue } from './messages';

/**
 * What main and a machine's process say to each other. Main asks, the process answers and tells events; streams
 * (graphics, serial, thumbnails) are handed over beside it and never pass through main.
 */

const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);
const none = z.strictObject({});

/** Absolute paths that main has resolved and checked; the process opens nothing else. */
export const launchPaths = z.strictObject({
  /** The machine's folder; the process takes the lock in it. */
  folder: z.string(),
  /** `resources/bios`. */
  bios: z.string(),
  /** By the ids of the configuration's disks. */
  disks: z.record(z.string(), z.string()),
  /** By the ids of the configuration's drives; an empty drive has none. */
  drives: z.record(z.string(), z.string()),
  /** A saved state to go on from, or null to boot. */
  savedState: z.string().nullable(),
  /**
   * By the ids of the configuration's network cards: the local socket on which the machine listens for its switch.
   * A card without one has a cable that ends nowhere.
   */
  networks: z.record(z.string(), z.string()).optional(),
  /** What was found out about QEMU, for machines that run on it. */
  qemu: qemuLaunch.optional(),
});
export type LaunchPaths = z.infer<typeof launchPaths>;

export const machineProcessCommands = {
  /** Resolves when the guest runs. May be called once. */
  launch: { params: z.strictObject({ config: machineConfig, paths: launchPaths }), result: nothing },
  pause: { params: none, result: nothing },
  resume: { params: none, result: nothing },
  reset: { params: none, result: nothing },
  /** False where the guest does not listen to the power button. */
  powerButton: { params: none, result: z.boolean() },
  /** Stops the guest at once, with every disk flushed; the process then ends by itself with status 0. */
  powerOff: { params: none, result: nothing },
  /** Why the guest's memory cannot be saved now, or null; asked before anything is paused. */
  saveObstacle: { params: none, result: errorValue.nullable() },
  /** Pauses, writes the state to `path` (by way of a temporary file) and ends the process with status 0. On failure the machine stays paused. */
  save: { params: z.strictObject({ path: z.string(), screenPath: z.string() }), result: nothing },
  /**
   * Puts new images (absolute paths, by the disks' ids) on top of the disks and, with `memoryPath`, takes the guest's
   * memory; resolves when the guest does again what it did before. On failure everything is as it was.
   */
  snapshot: {
    params: z.strictObject({
      overlays: z.record(z.string(), z.string()),
      memoryPath: z.string().nullable(),
      screenPath: z.string(),
    }),
    /** For how long the guest stood still, in milliseconds, and whether its file systems were frozen meanwhile. */
    result: z.object({ pausedMs: z.number(), frozen: z.boolean() }),
  },
  /** Resolves when the memory of the last snapshot has been written, as a whole; told in between by `saveProgress`. */
  snapshotMemory: { params: none, result: nothing },
  /** Writes no more of it: `snapshotMemory` rejects with `cancelled` then, and nothing is left of it. */
  cancelSnapshotMemory: { params: none, result: nothing },
  /**
   * Takes what lies between a disk's image and another one below it over into the image, while the guest uses it; told
   * in between by `mergeProgress`. `below` is a file in the image's own folder, or null for nothing. It is ended, and
   * rejects with `cancelled`, by whatever it would be in the way of; the rest stays as it is then.
   */
  mergeDisk: { params: z.strictObject({ disk: z.string(), below: z.string().nullable() }), result: nothing },
  /** Ends the merge of a disk; resolves when it has ended. */
  cancelMergeDisk: { params: z.strictObject({ disk: z.string() }), result: nothing },
  insertMedium: {
    params: z.strictObject({ drive: z.string(), path: z.string().nullable() }),
    result: nothing,
  },
  /** What the switches have counted since the machine began, for an engine that does not. */
  traffic: { params: z.strictObject({ nics: z.array(nicRates).max(64) }), result: nothing },
  /** The guest is asked to make do with so much of its memory. */
  memoryTarget: { params: z.strictObject({ memoryMiB: z.number().int().min(1) }), result: nothing },
  /** Sets the guest's clock to the host's. False where nothing in the guest can do that. */
  setClock: { params: none, result: z.boolean() },
  /** Plugs a card's cable in or out. */
  setLink: { params: z.strictObject({ nic: z.string(), connected: z.boolean() }), result: nothing },
  /**
   * Devices that come and go while the machine runs. `config` is the configuration with, or without, the device; it
   * is that of the running machine once this has resolved. On failure everything is as it was.
   */
  addDisk: {
    params: z.strictObject({ config: machineConfig, disk: z.string(), path: z.string() }),
    result: nothing,
  },
  removeDisk: { params: z.strictObject({ config: machineConfig, disk: z.string() }), result: nothing },
  addNic: {
    params: z.strictObject({ config: machineConfig, nic: z.string(), socket: z.string().nullable() }),
    result: nothing,
  },
  removeNic: { params: z.strictObject({ config: machineConfig, nic: z.string() }), result: nothing },
  /** Names of `KeyboardEvent.code`, pressed in order and released in reverse. */
  sendKeys: { params: z.strictObject({ keys: z.array(z.string()) }), result: nothing },
  /** Begins to type on a keyboard with US layout; refused as a whole when a character is not on it. */
  typeText: { params: z.strictObject({ text: z.string() }), result: nothing },
  /** Writes the screen to `path` as a PNG. */
  screenshot: { params: z.strictObject({ path: z.string() }), result: nothing },
  /** The rows of a text screen; null in graphics. For the self-test and tests. */
  screenText: { params: none, result: z.array(z.string()).nullable() },
  /** Runs a program in the guest; `host.unavailable` where no guest agent listens. */
  exec: { params: execRequest, result: execResult },
  /** Lets one program of this user reach a serial port by a local socket, within ten seconds of the answer. */
  offerSerial: {
    params: z.strictObject({ port: z.number().int().min(0).max(3), address: z.string() }),
    result: nothing,
  },
  /** The heartbeat. */
  ping: { params: none, result: nothing },
} as const;
export type MachineProcessCommands = typeof machineProcessCommands;

export const machineProcessEvents = {
  /** The guest has powered itself off; the process flushes and ends with status 0. */
  stopped: z.object({ by: z.enum(['guest', 'request']) }),
  /** The machine paused itself, because of the host: a disk error, an image that vanished. */
  pausedByProblem: z.object({ problem: errorValue }),
  /** A fault inside the engine; the process ends with a status other than 0. */
  failed: z.object({ error: errorValue }),
  /** A machine that was paused runs again, without having been asked to. */
  resumed: z.object({}),
  /** The guest let a disk or network card go that nobody waits for; the machine has it no more. */
  deviceGone: z.object({ id: z.string().max(16) }),
  pointer: z.object({ mode: z.enum(['absolute', 'relative']) }),
  screen: z.object({ width: z.number().int(), height: z.number().int(), text: z.boolean() }),
  saveProgress: z.object({ done: z.number(), total: z.number().nullable() }),
  mergeProgress: z.object({ disk: z.string(), done: z.number(), total: z.number() }),
  log: z.object({ line: z.string().max(4000) }),
  /** Something that a person should know, though nothing is wrong now. */
  notice: saidPhrase,
} as const;
export type MachineProcessEvents = typeof machineProcessEvents;

/** Streams that a machine's process serves; the names under which they are handed over. */
export const machineStream = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('graphics') }),
  z.strictObject({ name: z.literal('serial'), port: z.number().int().min(0).max(3) }),
  z.strictObject({ name: z.literal('monitor') }),
  z.strictObject({ name: z.literal('clipboard') }),
  z.strictObject({ name: z.literal('statistics'), history: z.boolean() }),
  z.strictObject({ name: z.literal('thumbnail'), width: z.number().int().min(16).max(640) }),
]);
export type MachineStream = z.infer<typeof machineStream>;
