import { z } from 'zod';
import { sleepChoices } from '../../desktop/choices';
import { galleryItem } from '../../gallery/entry';
import { engineStatus, foundQemu, hostReport } from '../../host/report';
import { mediumReport } from '../../media/report';
import { define, nothing, none, hostPath, startedJob } from './define';

export const folderEntry = z.object({
  name: z.string(),
  path: z.string(),
  kind: z.enum(['folder', 'file']),
  size: z.number(),
});

/** This computer, images on it, and the gallery. */
export const hostCommands = define({
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
});
