import { z } from 'zod';
import { machineId, machineName, machineSettings, machineSpec } from '../../machine/config';
import { newDisk, newNic, nicChange, removedImage } from '../../machine/devices';
import { execRequest, execResult } from '../../machine/exec';
import { machineSummary } from '../../machine/summary';
import { errorValue } from '../messages';
import { define, nothing, none, id, hostPath, deviceId, startedJob, longestTyping } from './define';

/** Machines: what they are, what they do, and their devices. */
export const machineCommands = define({
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
});
