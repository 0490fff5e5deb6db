import { z } from 'zod';
import { exportFormat, libraryImage } from '../../disk/library';
import { cloneEstimate, cloneRequest, sharedWith } from '../../machine/clone';
import { machineId } from '../../machine/config';
import { machineSummary } from '../../machine/summary';
import { automaticSnapshots } from '../../snapshot/automatic';
import { snapshotComparison } from '../../snapshot/changes';
import {
  snapshotDescription,
  snapshotEstimate,
  snapshotId,
  snapshotList,
  snapshotName,
} from '../../snapshot/snapshot';
import { define, nothing, none, id, hostPath, startedJob, imageOfMachine } from './define';

/** Snapshots, clones, and every disk image of the library. */
export const storageCommands = define({
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
  /**
   * Checks what must hold for the disks of all machines that are off; the job's result is a list of complaints.
   * `contents`: every byte of what snapshots froze is compared with what it was when this was asked for first.
   */
  'disks.verify': {
    params: z.strictObject({ contents: z.boolean().optional() }),
    result: startedJob,
    job: true,
  },
  /** Checks the tables of an image in a machine's folder; the job's result is an `ImageCheck`. */
  'disks.check': { params: imageOfMachine, result: startedJob, job: true },
  /** Gives back the space that an image does not need; the job's result is `{ before, after }`. */
  'disks.compact': { params: imageOfMachine, result: startedJob, job: true },
  /** Writes what can be read of an image anew; it is replaced only by one that is equal and right. */
  'disks.repair': { params: imageOfMachine, result: startedJob, job: true },
  /** Makes a disk of a machine that is off longer; or shorter, with `shrink`, where nothing is lost by it. */
  'disks.resize': {
    params: imageOfMachine.extend({
      bytes: z.number().int().min(512).max(Number.MAX_SAFE_INTEGER),
      shrink: z.boolean().optional(),
    }),
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
});
