import { z } from 'zod';
import { hostKeyChoices, sleepChoices } from '../desktop/choices';
import { showTarget } from '../desktop/target';
import { exportFormat, innerImage, libraryImage } from '../disk/library';
import { galleryItem } from '../gallery/entry';
import { engineStatus, foundQemu, hostReport } from '../host/report';
import { cloneEstimate, cloneRequest, sharedWith } from '../machine/clone';
import { machineId, machineName, machineSettings, machineSpec } from '../machine/config';
import { execRequest, execResult } from '../machine/exec';
import { newDisk, newNic, nicChange, removedImage } from '../machine/devices';
import { machineSummary } from '../machine/summary';
import { mediumReport } from '../media/report';
import { automaticSnapshots } from '../snapshot/automatic';
import { snapshotComparison } from '../snapshot/changes';
import {
  snapshotDescription,
  snapshotEstimate,
  snapshotId,
  snapshotList,
  snapshotName,
} from '../snapshot/snapshot';
import type { MachineAction } from '../machine/state';
import {
  captureFilter,
  captureRequest,
  captureStatus,
  maxPacketsPerPage,
  packetDetail,
  packetPage,
  tcpStream,
} from '../network/capture';
import { condition } from '../network/condition';
import { forward, networkId, networkKind, networkSettings, portId } from '../network/config';
import { flowReport } from '../network/flows';
import { networkCapabilities, networkChanges, networkDraft } from '../network/draft';
import { sshUser } from '../network/ssh';
import { networkStatistics } from '../network/report';
import { networkSummary } from '../network/summary';
import { saidPhrase } from '../phrases/phrase';
import { errorValue } from './messages';
import { updateStatus } from '../updates/status';

/**
 * The contract between a user interface and main: every command, event and stream. Handlers, the typed client,
 * browser mode and the docs derive from these tables; nothing else crosses the boundary.
 */

/** A command's entry: schemas, whether it is a job (answers `{ jobId }` at once), and the action whose states it needs. */
interface Command {
  params: z.ZodType;
  result: z.ZodType;
  job?: true;
  action?: MachineAction;
}
const define = <T extends Record<string, Command>>(table: T): T => table;

const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);
const none = z.strictObject({});
const id = z.strictObject({ id: machineId });
const hostPath = z.string().min(1).max(4096);
/** Characters that are typed at once, at most: a minute and a half. */
export const longestTyping = 4096;
const deviceId = z.string().max(16);
const startedJob = z.object({ jobId: z.string() });
const imageOfMachine = z.strictObject({ id: machineId, image: innerImage });

export const preferences = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  language: z.enum(['system', 'en', 'zh-CN']),
  libraryView: z.enum(['cards', 'list']),
  /** A folder with QEMU's programs, looked in before all other places. */
  qemuFolder: z.string().min(1).max(4096).nullable().optional(),
  /** Consoles offer the engine's monitor. */
  monitor: z.boolean().optional(),
  /** The first-run welcome has been seen. */
  welcomed: z.boolean().optional(),
  /** What new machines begin with where it can run them; missing: chosen from the system inside. */
  defaultEngine: z.enum(['v86', 'qemu']).nullable().optional(),
  /** An icon in the tray; what these are when they were never chosen says `desktopChoices`. */
  tray: z.boolean().optional(),
  notifications: z.boolean().optional(),
  keepAwake: z.boolean().optional(),
  onHostSleep: z.enum(sleepChoices).optional(),
  hostKeys: z.enum(hostKeyChoices).optional(),
});
export type Preferences = z.infer<typeof preferences>;

/** A long task. `done` and `total` in the task's own unit (bytes where `unit` says so). */
export const job = z.object({
  id: z.string(),
  kind: z.enum([
    'download',
    'create',
    'save',
    'selftest',
    'upload',
    'snapshot',
    'restore',
    'deleteSnapshots',
    'addDisk',
    'removeDisk',
    'clone',
    'verifyDisks',
    'checkDisk',
    'compactDisk',
    'repairDisk',
    'convertDisk',
    'exportDisk',
    'moveImage',
    'moveMachine',
    'moveData',
  ]),
  /** What it works on: a machine's id, a gallery id … */
  subject: z.string(),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'steps']),
  cancellable: z.boolean(),
  /** Nobody asked for it: it was time. */
  automatic: z.boolean().optional(),
  error: errorValue.nullable(),
  /** What the job made: a machine's id, a path … */
  result: z.unknown(),
});
export type Job = z.infer<typeof job>;

export const folderEntry = z.object({
  name: z.string(),
  path: z.string(),
  kind: z.enum(['folder', 'file']),
  size: z.number(),
});

export const commands = define({
  'app.info': {
    params: none,
    result: z.object({
      version: z.string(),
      shell: z.enum(['electron', 'browser']),
      platform: z.string(),
      dataFolder: z.string(),
      /** Whether the shell has native dialogs, a trash, a file manager to show things in. */
      nativeDialogs: z.boolean(),
      canTrash: z.boolean(),
      canShowInFolder: z.boolean(),
      /** Engines under test, such as `fake`, are offered. */
      development: z.boolean(),
    }),
  },
  /**
   * Ends the program; with machines running, what happens to them first. `leave`: the app ends, and the machines run on
   * in the program in the background whose machines it shows; refused where they are the app's own.
   */
  'app.quit': {
    params: z.strictObject({ running: z.enum(['save', 'shutdown', 'power-off', 'leave']) }),
    result: nothing,
  },
  'app.cancelQuit': { params: none, result: nothing },
  /** What the desktop around the program lets it do. */
  'app.desktop': {
    params: none,
    result: z.object({
      /** The desktop has a tray. */
      tray: z.boolean(),
      /** Whether the program starts when the person logs in; null where it cannot see to that. */
      launchAtLogin: z.boolean().nullable(),
      /** The computer can be kept from going to sleep, and tells when it does. */
      sleep: z.boolean(),
      notifications: z.boolean(),
    }),
  },
  'app.setLaunchAtLogin': { params: z.strictObject({ on: z.boolean() }), result: nothing },
  /** Shows one of the program's own folders in the file manager. */
  'app.showFolder': {
    params: z.strictObject({ folder: z.enum(['data', 'logs', 'crashes']) }),
    result: nothing,
  },
  /**
   * Says what a file or folder is to this program. The folder of a machine, or the file in it, is added to the library.
   * @throws Failure `file.*`, `disk.unsupported` for what cannot be opened yet, and those of `machine.open`
   */
  'app.openPath': {
    params: z.strictObject({ path: hostPath }),
    result: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('machine'), id: z.string() }),
      z.object({ kind: z.literal('image'), path: z.string() }),
    ]),
  },
  /**
   * Moves everything that is in the data folder, while no machine runs. When it is done the program starts again, on
   * the new folder; until then it can be cancelled, and nothing has changed.
   */
  'app.moveData': { params: z.strictObject({ folder: hostPath }), result: startedJob, job: true },

  /** Newer versions of the program. Every step is asked for; what it led to comes as `updates.changed`. */
  'updates.get': { params: none, result: updateStatus },
  'updates.check': { params: none, result: updateStatus },
  'updates.download': { params: none, result: nothing },
  'updates.cancel': { params: none, result: nothing },
  /** Ends the program as `app.quit` does, asking first where machines run, and starts the new version. */
  'updates.install': { params: none, result: nothing },

  'host.report': { params: none, result: hostReport },
  'host.engines': { params: none, result: z.array(engineStatus) },
  /** A native dialog; null when the person cancelled. `host.unavailable` in browser mode. */
  'host.pickPath': {
    params: z.strictObject({
      purpose: z.enum(['image', 'cdrom', 'floppy', 'machine-folder', 'target-folder', 'qemu-folder']),
    }),
    result: z.string().nullable(),
  },
  /** What a folder has of QEMU; `engine.not-found` when there is none in it. */
  'host.checkQemuFolder': { params: z.strictObject({ path: hostPath }), result: z.array(foundQemu) },
  /** For the file chooser of browser mode. Without a path: the home folder. */
  'host.listFolder': {
    params: z.strictObject({ path: hostPath.optional() }),
    result: z.object({
      path: z.string(),
      parent: z.string().nullable(),
      entries: z.array(folderEntry),
      truncated: z.boolean(),
    }),
  },

  /** The computer is about to sleep: what its machines do until `host.wake`. Answers when they do it. */
  'host.sleep': { params: z.strictObject({ machines: z.enum(sleepChoices) }), result: nothing },
  /** The computer is awake: machines that were made to wait go on, and guests' clocks are set. */
  'host.wake': { params: none, result: nothing },

  'media.inspect': { params: z.strictObject({ path: hostPath }), result: mediumReport },
  /** Removes an image that was uploaded since the program started and that no machine uses; refuses any other. */
  'media.discard': { params: z.strictObject({ path: hostPath }), result: nothing },

  'gallery.list': { params: none, result: z.array(galleryItem) },
  'gallery.download': { params: z.strictObject({ id: z.string().max(40) }), result: startedJob, job: true },
  /** Opens the publisher's page in the system's browser; in browser mode the page opens it itself. */
  'gallery.openPage': { params: z.strictObject({ id: z.string().max(40) }), result: nothing },

  'machine.list': { params: none, result: z.array(machineSummary) },
  'machine.get': { params: id, result: machineSummary },
  /** The job's result is `{ id }`. Nothing is left behind when it fails or is cancelled. */
  'machine.create': { params: z.strictObject({ spec: machineSpec }), result: startedJob, job: true },
  /** Adds an existing machine's folder to the library, where it is. */
  'machine.open': { params: z.strictObject({ path: hostPath }), result: machineSummary },
  'machine.rename': {
    params: z.strictObject({ id: machineId, name: machineName }),
    result: machineSummary,
    action: 'rename',
  },
  'machine.configure': {
    params: z.strictObject({ id: machineId, settings: machineSettings }),
    result: machineSummary,
    action: 'configure',
  },
  /** Looks at the folder of an inaccessible machine again. */
  'machine.rescan': { params: none, result: z.array(machineSummary) },
  /** `how`: to the trash, for ever, or only out of the list (its folder stays). */
  'machine.delete': {
    params: z.strictObject({ id: machineId, how: z.enum(['trash', 'erase', 'forget']) }),
    result: nothing,
    action: 'delete',
  },
  /**
   * Puts a machine's whole folder into another one, of another drive too. Machines that share images with it keep
   * them; on another drive it gets images of its own. The job's result is `{ folder }`, its new one.
   */
  'machine.move': {
    params: z.strictObject({ id: machineId, into: hostPath }),
    result: startedJob,
    job: true,
    action: 'move',
  },
  'machine.start': { params: id, result: machineSummary, action: 'start' },
  'machine.pause': { params: id, result: machineSummary, action: 'pause' },
  'machine.resume': { params: id, result: machineSummary, action: 'resume' },
  'machine.reset': { params: id, result: machineSummary, action: 'reset' },
  /** Presses the power button; whether the guest shuts down is the guest's business. */
  'machine.powerButton': { params: id, result: nothing, action: 'powerButton' },
  'machine.powerOff': { params: id, result: machineSummary, action: 'powerOff' },
  /** Why the memory of a running machine cannot be saved now, for `machine.save` and snapshots; null when it can. */
  'machine.saveObstacle': { params: id, result: errorValue.nullable() },
  'machine.save': { params: id, result: startedJob, job: true, action: 'save' },
  'machine.discardSavedState': { params: id, result: machineSummary, action: 'discardSavedState' },
  /** `drive`: `cd0`, `floppy0` …; `path` null ejects. */
  'machine.insertMedium': {
    params: z.strictObject({ id: machineId, drive: z.string().max(16), path: hostPath.nullable() }),
    result: machineSummary,
    action: 'insertMedium',
  },
  /** How much of its memory the guest is asked to make do with; kept in the configuration. */
  'machine.memoryTarget': {
    params: z.strictObject({ id: machineId, memoryMiB: z.number().int().min(1) }),
    result: machineSummary,
    action: 'memoryTarget',
  },
  /**
   * Adds a disk, also to a machine that runs where its engine can do that. The image is whole before the machine has
   * it, and nothing is left of it when the job fails or is cancelled. The job's result is `{ disk }`, its id.
   */
  'machine.addDisk': {
    params: z.strictObject({ id: machineId, disk: newDisk }),
    result: startedJob,
    job: true,
    action: 'changeDevices',
  },
  /**
   * Snapshots keep what they have of the disk. What was written since is kept, if it is to be, as an image that needs
   * no other; the job's result is `{ image }`, where it lies, or null.
   */
  'machine.removeDisk': {
    params: z.strictObject({ id: machineId, disk: deviceId, image: removedImage }),
    result: startedJob,
    job: true,
    action: 'changeDevices',
  },
  'machine.changeDisk': {
    params: z.strictObject({ id: machineId, disk: deviceId, bus: newDisk.shape.bus }),
    result: machineSummary,
    action: 'configure',
  },
  'machine.addDrive': {
    params: z.strictObject({ id: machineId, kind: z.enum(['cdrom', 'floppy']) }),
    result: machineSummary,
    action: 'configure',
  },
  'machine.removeDrive': {
    params: z.strictObject({ id: machineId, drive: deviceId }),
    result: machineSummary,
    action: 'configure',
  },
  'machine.addNic': {
    params: z.strictObject({ id: machineId, nic: newNic }),
    result: machineSummary,
    action: 'changeDevices',
  },
  'machine.removeNic': {
    params: z.strictObject({ id: machineId, nic: deviceId }),
    result: machineSummary,
    action: 'changeDevices',
  },
  /** Network and cable take effect at once, also while the machine runs; model and address need one that is off. */
  'machine.changeNic': {
    params: z.strictObject({ id: machineId, nic: deviceId, change: nicChange }),
    result: machineSummary,
    action: 'changeDevices',
  },
  /** Keys pressed together and released in reverse order: names of `KeyboardEvent.code`, e.g. `ControlLeft`. */
  'machine.sendKeys': {
    params: z.strictObject({ id: machineId, keys: z.array(z.string().max(24)).min(1).max(8) }),
    result: nothing,
    action: 'sendKeys',
  },
  /**
   * Types on a keyboard with US layout, at a pace that guests can follow; answers when it has begun. `input.invalid`
   * names the characters that are not on such a keyboard; nothing is typed then.
   */
  'machine.typeText': {
    params: z.strictObject({ id: machineId, text: z.string().min(1).max(longestTyping) }),
    result: nothing,
    action: 'sendKeys',
  },
  /** Writes the screen as a PNG into the machine's folder `screenshots/`. */
  'machine.screenshot': {
    params: id,
    result: z.object({ path: z.string(), png: z.string().describe('base64') }),
    action: 'screenshot',
  },
  /** The screen at the moment of the saved state: base64 PNG, or null. */
  'machine.savedScreen': { params: id, result: z.string().nullable() },
  'machine.showInFolder': { params: id, result: nothing },
  /** Opens (or focuses) the console window; in browser mode the page opens it itself. */
  'machine.openConsole': { params: id, result: nothing },
  /** Where one program of this user reaches a serial port by a local socket, within ten seconds: for the command line. */
  'machine.serialSocket': {
    params: z.strictObject({ id: machineId, port: z.number().int().min(0).max(3) }),
    result: z.object({ address: z.string() }),
  },
  /**
   * Runs a program in the guest, by the guest agent that listens there (`host.unavailable` where none does,
   * `engine.unsupported` where the engine has no way to one).
   */
  'machine.exec': {
    params: z.strictObject({ id: machineId, ...execRequest.shape }),
    result: execResult,
    action: 'sendKeys',
  },
  /** As whom a person logged in with ssh last; null: nobody has. */
  'machine.sshUser': { params: id, result: z.string().nullable() },
  /** The last lines of the machine's log. */
  'machine.log': { params: id, result: z.array(z.string()) },

  'snapshot.list': { params: id, result: snapshotList },
  /** The job's result is `{ snapshot }`, its id. Without a name it gets one that is free. */
  'snapshot.take': {
    params: z.strictObject({
      id: machineId,
      name: snapshotName.optional(),
      description: snapshotDescription.optional(),
      /** Also the guest's memory; of a machine that is off there is none to take. */
      memory: z.boolean(),
    }),
    result: startedJob,
    job: true,
    action: 'takeSnapshot',
  },
  /** The present state is lost unless a snapshot of it was taken. A running machine is powered off first. */
  'snapshot.restore': {
    params: z.strictObject({
      id: machineId,
      snapshot: snapshotId,
      /** Leaves the memory image alone, so that the guest boots from the disks as they were. */
      disksOnly: z.boolean().optional(),
    }),
    result: startedJob,
    job: true,
    action: 'restoreSnapshot',
  },
  /** What goes on from the deleted ones stays as it is, and so does the present state. */
  'snapshot.delete': {
    params: z.strictObject({ id: machineId, snapshots: z.array(snapshotId).min(1).max(1000) }),
    result: startedJob,
    job: true,
    action: 'deleteSnapshots',
  },
  'snapshot.estimate': {
    params: z.strictObject({ id: machineId, snapshots: z.array(snapshotId).min(1).max(1000) }),
    result: snapshotEstimate,
  },
  'snapshot.edit': {
    params: z.strictObject({
      id: machineId,
      snapshot: snapshotId,
      name: snapshotName,
      description: snapshotDescription,
    }),
    result: nothing,
  },
  /** The screen at that moment: base64 PNG, or null. */
  'snapshot.screen': {
    params: z.strictObject({ id: machineId, snapshot: snapshotId }),
    result: z.string().nullable(),
  },
  /** `b` null: the present state. */
  'snapshot.compare': {
    params: z.strictObject({ id: machineId, a: snapshotId, b: snapshotId.nullable() }),
    result: snapshotComparison,
  },
  /**
   * What happens to a machine's states by itself; what is missing stays as it is. `automatic` null: no snapshots that
   * nobody asked for. `discardOnPowerOff` can be changed while the machine is off.
   */
  'snapshot.protect': {
    params: z.strictObject({
      id: machineId,
      automatic: automaticSnapshots.nullable().optional(),
      discardOnPowerOff: z.boolean().optional(),
    }),
    result: nothing,
  },

  /** The job's result is `{ id }`, the clone's. Nothing is left behind when it fails or is cancelled. */
  'clone.create': { params: cloneRequest, result: startedJob, job: true },
  /** What cloning a snapshot, or the present state (null), would take. */
  'clone.estimate': {
    params: z.strictObject({ id: machineId, snapshot: snapshotId.nullable() }),
    result: cloneEstimate,
  },
  /** The other machines that have images in common with one. */
  'clone.sharing': { params: id, result: z.array(sharedWith) },
  /** A template is never started: new machines are made from it. */
  'clone.setTemplate': {
    params: z.strictObject({ id: machineId, template: z.boolean() }),
    result: machineSummary,
    action: 'configure',
  },

  /** Every image of the library, with who uses it and how it is. */
  'disks.list': { params: none, result: z.array(libraryImage) },
  /** Checks what must hold for the disks of all machines that are off; the job's result is a list of complaints. */
  'disks.verify': { params: none, result: startedJob, job: true },
  /** Checks the tables of an image in a machine's folder; the job's result is an `ImageCheck`. */
  'disks.check': { params: imageOfMachine, result: startedJob, job: true },
  /** Gives back the space that an image does not need; the job's result is `{ before, after }`. */
  'disks.compact': { params: imageOfMachine, result: startedJob, job: true },
  /** Writes what can be read of an image anew; it is replaced only by one that is equal and right. */
  'disks.repair': { params: imageOfMachine, result: startedJob, job: true },
  /** Makes a disk of a machine that is off longer; smaller is refused. */
  'disks.grow': {
    params: imageOfMachine.extend({ bytes: z.number().int().min(512).max(Number.MAX_SAFE_INTEGER) }),
    result: nothing,
    action: 'configure',
  },
  /** Replaces a raw image of a machine's disk by a qcow2 image; the job's result is `{ image }`. */
  'disks.toQcow2': { params: imageOfMachine, result: startedJob, job: true, action: 'configure' },
  /** Writes what a guest sees of an image into a new one; the job's result is `{ path }`. */
  'disks.export': {
    params: z.strictObject({ source: hostPath, target: hostPath, format: exportFormat }),
    result: startedJob,
    job: true,
  },
  /** Moves an image that no machine's folder needs; drives that have it in them follow. */
  'disks.move': {
    params: z.strictObject({ path: hostPath, folder: hostPath }),
    result: startedJob,
    job: true,
  },
  /** Removes an image that nobody needs. */
  'disks.remove': {
    params: z.strictObject({ path: hostPath, how: z.enum(['trash', 'erase']) }),
    result: nothing,
  },

  'network.list': { params: none, result: z.array(networkSummary) },
  'network.get': { params: z.strictObject({ id: networkId }), result: networkSummary },
  /** Which kinds of networks this computer can have, and why not others. */
  'network.capabilities': { params: none, result: networkCapabilities },
  /** Settings for a new network, with a subnet that nobody uses; nothing is made. */
  'network.suggest': { params: z.strictObject({ kind: networkKind }), result: networkSettings },
  /** What the draft does not say is as `network.suggest` suggests it. */
  'network.create': { params: z.strictObject({ network: networkDraft }), result: networkSummary },
  /**
   * Takes effect at once, also while machines run; those learn of other addresses when they ask the next time. With
   * another subnet, the gateway and the addresses of DHCP that are not given move along.
   */
  'network.edit': {
    params: z.strictObject({ id: networkId, changes: networkChanges }),
    result: networkSummary,
  },
  /**
   * Who speaks with whom on a network that is in use (`network.idle` otherwise), since this was asked the last time.
   * It is looked at only while somebody asks every few seconds.
   */
  'network.flows': { params: z.strictObject({ id: networkId }), result: flowReport },
  /** Refused with `network.in-use` while machines have cards on it, and for the default network. */
  'network.remove': { params: z.strictObject({ id: networkId }), result: nothing },
  /** What the cable of a port is like, at once; null: as good as it can be. Presets: `conditionPresets`. */
  'network.setCondition': {
    params: z.strictObject({ id: networkId, port: portId, condition: condition.nullable() }),
    result: networkSummary,
  },
  /**
   * Captures what passes a network that is in use (`network.idle` otherwise), or one port of it. What an earlier
   * capture has is given up. The capture ends, and is lost, when the last machine leaves the network.
   */
  'network.startCapture': {
    params: z.strictObject({ id: networkId, capture: captureRequest }),
    result: captureStatus,
  },
  /** What was captured stays. */
  'network.stopCapture': {
    params: z.strictObject({ id: networkId }),
    result: captureStatus.nullable(),
  },
  /** Null: nothing has been captured, or the network is not in use. */
  'network.captureStatus': {
    params: z.strictObject({ id: networkId }),
    result: captureStatus.nullable(),
  },
  /** The packets behind the one of the number `after` (0: from the oldest that is there) that fit the filter. */
  'network.packets': {
    params: z.strictObject({
      id: networkId,
      after: z.number().int().min(0),
      limit: z.number().int().min(1).max(maxPacketsPerPage),
      filter: captureFilter,
    }),
    result: packetPage,
  },
  'network.packet': {
    params: z.strictObject({ id: networkId, number: z.number().int().min(1) }),
    result: packetDetail,
  },
  /** The TCP connection that a packet belongs to. */
  'network.followStream': {
    params: z.strictObject({ id: networkId, number: z.number().int().min(1) }),
    result: tcpStream,
  },
  /** Writes what fits the filter as a pcapng file into the data folder's `captures/`. */
  'network.saveCapture': {
    params: z.strictObject({ id: networkId, filter: captureFilter }),
    result: z.object({ path: z.string(), packets: z.number() }),
  },
  /** Adds a forward, or changes the one of the same id; tried at once where a machine of the network runs. */
  'network.setForward': {
    params: z.strictObject({ id: networkId, forward: forward.partial({ id: true }) }),
    result: networkSummary,
  },
  'network.removeForward': {
    params: z.strictObject({ id: networkId, forward: z.string().max(32) }),
    result: networkSummary,
  },

  'job.list': { params: none, result: z.array(job) },
  'job.cancel': { params: z.strictObject({ id: z.string().max(40) }), result: nothing },

  'preferences.get': { params: none, result: preferences },
  'preferences.set': { params: preferences.partial().strict(), result: preferences },

  /** Boots Starter Linux without a screen; the job's result is a `SelftestResult`. */
  'selftest.run': { params: z.strictObject({ engine: z.string().max(16) }), result: startedJob, job: true },
});
export type Commands = typeof commands;
export type CommandName = keyof Commands & string;

/** The line that `npm run selftest -- boot` prints. */
export const selftestResult = z.object({
  ok: z.boolean(),
  engine: z.string(),
  /** From the start of the machine to the shell's answer, in milliseconds; null when it did not come. */
  shellMs: z.number().nullable(),
  error: errorValue.optional(),
});
export type SelftestResult = z.infer<typeof selftestResult>;

export const events = {
  'machine.changed': machineSummary,
  'machine.removed': z.object({ id: z.string() }),
  /** Something about a machine that a person should know, though nothing is wrong now. */
  'machine.notice': z.object({ id: z.string(), notice: saidPhrase }),
  /** Its snapshots, or what its present state goes on from, are not what they were: ask for the list again. */
  'snapshot.changed': z.object({ id: z.string() }),
  'network.changed': networkSummary,
  'network.removed': z.object({ id: z.string() }),
  /** Once a second while something moves. */
  'network.statistics': z.object({ id: z.string(), statistics: networkStatistics }),
  'job.changed': job,
  'preferences.changed': preferences,
  /** The manager window is led somewhere. */
  'app.show': showTarget,
  'updates.changed': updateStatus,
  /** Quitting was asked for while machines run: the user interface asks what to do with them. */
  'app.quitAsked': z.object({
    running: z.array(machineSummary),
    /** They run in the background, and go on there if they are let. */
    canLeave: z.boolean().optional(),
  }),
} as const;
export type Events = typeof events;

/** Streams: what a client names when it asks for a port. All of them are `ByteStream`s. */
export const streams = {
  /** RFB (RFC 6143), the client being the viewer. */
  'console.graphics': id,
  /** The bytes of a serial port, with the last 64 KiB of its output first. */
  'console.serial': z.strictObject({ id: machineId, port: z.number().int().min(0).max(3) }),
  /** The monitor of the engine, for experts: a terminal. Closed at once where there is none. */
  'console.monitor': id,
  /**
   * A terminal in which the system's ssh logs in to a running machine; `terminal-process.ts` has what is sent to it.
   * `user` null: who it was last time.
   */
  'console.ssh': z.strictObject({
    id: machineId,
    user: sshUser.nullable(),
    columns: z.number().int().min(2).max(1000),
    rows: z.number().int().min(2).max(1000),
  }),
  /** Texts on the clipboard, both ways, framed as in `text-frames.ts`; as far as the machine's setting lets them. */
  'console.clipboard': id,
  /** `StatisticsMessage`s: with `history` what was before, then one a second. */
  'machine.statistics': z.strictObject({ id: machineId, history: z.boolean() }),
  /** PNG images of the screen, each one message, at most 2 a second and only when something changed. */
  'console.thumbnail': z.strictObject({ id: machineId, width: z.number().int().min(16).max(640) }),
} as const;
export type Streams = typeof streams;
export type StreamName = keyof Streams;
