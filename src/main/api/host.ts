import { isAbsolute } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import { inspectMedium } from '../disks/media/inspect';
import { listFolder } from '../host/list-folder';
import type { Services } from './services';

type HostCommand = Extract<keyof Commands, `host.${string}` | `media.${string}` | `gallery.${string}`>;

export function hostHandlers(services: Services): Pick<Handlers<Commands>, HostCommand> {
  const { host, guests, gallery, jobs, shell, uploads, hostSleep } = services;
  return {
    'host.report': () => host.report(),
    'host.engines': () => host.engines(),
    'host.pickPath': ({ purpose }) => {
      if (!shell.pickPath) throw new Failure('host.unavailable', phrase('desktop.noDialogs'));
      return shell.pickPath(purpose);
    },
    'host.checkQemuFolder': ({ path }) => host.checkQemuFolder(path),
    'host.listFolder': ({ path }) => listFolder(path),
    'host.sleep': ({ machines }) => hostSleep.sleep(machines),
    'host.wake': () => hostSleep.wake(),
    'media.inspect': async ({ path }) => {
      if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
      return guests.refine(await inspectMedium(path));
    },
    'media.discard': ({ path }) => uploads.discard(path),
    'gallery.list': () => gallery.list(),
    'gallery.download': async ({ id }) => {
      const item = (await gallery.list()).find(({ entry }) => entry.id === id);
      if (!item) throw new Failure('gallery.not-found', phrase('gallery.noSystem', { id }));
      const description = {
        kind: 'download',
        subject: id,
        title: item.entry.name,
        unit: 'bytes',
        cancellable: true,
      } as const;
      return jobs.start(description, async ({ progress, signal }) => ({
        path: await gallery.download(id, { progress, signal }),
      }));
    },
    'gallery.openPage': async ({ id }) => {
      const page = await gallery.pageOf(id);
      if (!shell.openExternal)
        throw new Failure('host.unavailable', phrase('desktop.openYourself', { page }));
      await shell.openExternal(page);
    },
  };
}
